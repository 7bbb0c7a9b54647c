/** A dashboard from its sections: every panel gets an id and a place, from left to right and from top to bottom. */
import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import {
  type AnnotationQuery,
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  type Panel,
  RowBuilder,
  type VariableModel,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { dashboardLinks } from './links.ts';

/** Grafana 11.6 writes this one, and newer ones read it. */
const SCHEMA_VERSION = 41;
const GRID_COLUMNS = 24;

/** A panel of whatever kind. */
export type AnyPanel = Builder<Panel>;

export interface Placed {
  readonly panel: AnyPanel;
  /** Of the grid's 24 columns. */
  readonly width: number;
  /** In the grid's units of 30 pixels. */
  readonly height: number;
}

export interface Section {
  readonly title: string;
  readonly panels: readonly Placed[];
}

export interface Page {
  /** Stable: links go by it. */
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly from: string;
  /** @default none: a dashboard of what was. */
  readonly refresh?: string;
  readonly variables: readonly Builder<VariableModel>[];
  /** @default none */
  readonly annotations?: readonly Builder<AnnotationQuery>[];
  readonly sections: readonly Section[];
}

export function place(panel: AnyPanel, width: number, height: number): Placed {
  return { panel, width, height };
}

export function dashboardOf(page: Page): Dashboard {
  const builder = new DashboardBuilder(page.title)
    .uid(page.uid)
    .description(page.description)
    .tags(['oslotap'])
    .time({ from: page.from, to: 'now' })
    .timezone('browser')
    .tooltip(DashboardCursorSync.Crosshair)
    .refresh(page.refresh ?? '')
    .variables([...page.variables])
    .links(dashboardLinks());
  layOut(builder, page.sections);
  const list = (page.annotations ?? []).map((annotation) => atTheHead(annotation.build()));
  return { ...builder.build(), schemaVersion: SCHEMA_VERSION, annotations: { list } };
}

/** Where they are turned off: by itself the builder hides that in a menu. */
function atTheHead({ placement: _, ...annotation }: AnnotationQuery): AnnotationQuery {
  return annotation;
}

function layOut(builder: DashboardBuilder, sections: readonly Section[]): void {
  let [id, x, y, height] = [0, 0, 0, 0];
  for (const section of sections) {
    y += height;
    builder.withRow(new RowBuilder(section.title).id(++id).gridPos({ x: 0, y, w: GRID_COLUMNS, h: 1 }));
    [x, y, height] = [0, y + 1, 0];
    for (const { panel, width: w, height: h } of section.panels) {
      if (x + w > GRID_COLUMNS) [x, y, height] = [0, y + height, 0];
      const built = { ...panel.build(), id: ++id, gridPos: { x, y, w, h } };
      builder.withPanel({ build: () => built });
      [x, height] = [x + w, Math.max(height, h)];
    }
  }
}
