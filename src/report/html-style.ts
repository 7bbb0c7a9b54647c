/** The page's own look. Light, dark and on paper; without a font or a picture from elsewhere. */
export const PAGE_CSS = `*{box-sizing:border-box}html{color-scheme:light dark;scroll-padding-top:1rem}
body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
header,main,footer{max-width:84rem;margin:0 auto;padding:0 1rem}header{padding-top:1.5rem}footer{padding:2rem 1rem;color:var(--faint)}
h1{font-size:1.8rem;line-height:1.2;margin:0 0 .5rem}h2{font-size:1.35rem;margin:2.5rem 0 .5rem;padding-bottom:.25rem;border-bottom:2px solid var(--line)}
h3{font-size:1.1rem;margin:0;display:inline}p{margin:.5rem 0}a{color:var(--call)}
a:focus-visible,button:focus-visible,summary:focus-visible,[tabindex]:focus-visible{outline:3px solid var(--call);outline-offset:2px}
.skip{position:absolute;left:-99rem}.skip:focus{left:1rem;top:.5rem;background:var(--paper);padding:.5rem 1rem;border:2px solid var(--call)}
nav ul{display:flex;flex-wrap:wrap;gap:.25rem 1.5rem;padding:0;margin:1rem 0;list-style:none}
.faint,.none,figcaption,caption{color:var(--faint)}.none{font-style:italic}
dl.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(11rem,1fr));gap:.75rem;margin:1rem 0}
dl.facts div{border:1px solid var(--line);border-radius:6px;padding:.5rem .75rem;background:var(--panel)}dl.facts dt{color:var(--faint);font-size:.85rem}
dl.facts dd{margin:0;font-size:1.15rem;font-weight:600}
.wide{overflow-x:auto;max-width:100%}table{border-collapse:collapse;margin:.75rem 0;font-size:.9rem;min-width:min(100%,24rem)}
caption{text-align:left;padding:.25rem 0;font-weight:600}th,td{padding:.25rem .5rem;text-align:left;vertical-align:top;border-bottom:1px solid var(--line)}
thead th{border-bottom:2px solid var(--ink);vertical-align:bottom}tbody th{font-weight:400}tbody tr:hover{background:var(--panel)}
[data-v],th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
code{font-family:ui-monospace,"DejaVu Sans Mono",Menlo,Consolas,monospace;font-size:.92em}
th button{font:inherit;font-weight:600;color:inherit;background:none;border:0;padding:0;cursor:pointer;text-align:inherit}
th button::after{content:"\\a0\\2195";color:var(--faint)}th[aria-sort=ascending] button::after{content:"\\a0\\2191";color:inherit}th[aria-sort=descending] button::after{content:"\\a0\\2193";color:inherit}
th button:hover{text-decoration:underline}
details.operation{border:1px solid var(--line);border-radius:6px;margin:.75rem 0;padding:.5rem .9rem}details.operation>summary{cursor:pointer;padding:.25rem 0}
details.behind{margin:.25rem 0 .75rem}details.behind>summary{cursor:pointer;color:var(--call)}
figure{margin:1rem 0;padding:0}figure svg{max-width:100%;height:auto}figure svg.large{min-width:50rem}figure .wide{border:1px solid var(--line);border-radius:6px;padding:.75rem}
.tools{margin:.5rem 0}.tools button{font:inherit;padding:.2rem .8rem;margin-right:.5rem;border:1px solid var(--line);border-radius:5px;background:var(--panel);color:var(--ink);cursor:pointer}
@media print{body{font-size:10pt}header,main,footer{max-width:none;padding:0}.tools,.skip,th button::after{display:none}details::details-content{content-visibility:visible;display:block;block-size:auto}
details>summary{list-style:none}details.operation{border:0;padding:0}.wide{overflow:visible}figure svg{max-width:100%;height:auto}figure svg.large{min-width:50rem}figure .wide{border:0;padding:0}figure svg.large{min-width:0}
h2,h3,caption,summary{break-after:avoid}tr,figure svg{break-inside:avoid}thead{display:table-header-group}table{font-size:8pt;width:100%}code{overflow-wrap:anywhere}}
`;
