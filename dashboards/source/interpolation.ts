/** What Grafana puts in when a panel is asked. */

/** A dashboard variable. @param format Grafana's name of how it is written: `sqlstring` quotes and escapes. */
export function variable(name: string, format?: string): string {
  return format === undefined ? `\${${name}}` : `\${${name}:${format}}`;
}
