/** The page's style: system fonts, light and dark, colours that colour-blind readers tell apart (Okabe and Ito 2008), print. */
export const style = `
:root{color-scheme:light dark;--paper:#fff;--panel:#f6f7f9;--ink:#1b1f24;--quiet:#5b6572;--grid:#e3e6ea;--rule:#d5dae0;--accent:#0067b1;
--warn:#b34700;--s0:#0067b1;--s1:#c2570c;--s2:#00805c;--s3:#a8508a;--band:#0067b11c}
@media (prefers-color-scheme:dark){:root{--paper:#14171b;--panel:#1d2127;--ink:#e8eaed;--quiet:#9aa4b0;--grid:#2b3138;--rule:#363d46;
--accent:#5cb3f2;--warn:#f2a35c;--s0:#5cb3f2;--s1:#f2a35c;--s2:#4fcb9d;--s3:#e08cc3;--band:#5cb3f226}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,sans-serif;font-variant-numeric:tabular-nums}
main{max-width:1104px;margin:0 auto;padding:36px 32px 64px}
h1{font-size:clamp(24px,3.4vw,34px);line-height:1.22;font-weight:650;letter-spacing:-.015em;margin:4px 0 24px;text-wrap:balance;max-width:30em}
h2{font-size:20px;line-height:1.3;font-weight:650;margin:48px 0 4px}
h3{font-size:16px;font-weight:650;margin:22px 0 0}
p{margin:0 0 8px;max-width:72ch}
.kicker,.note,.quiet,figcaption,caption{color:var(--quiet);font-size:14px}
.kicker{margin:0}
.lead{color:var(--quiet);margin-bottom:12px}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(230px,1fr));gap:16px}
.card{background:var(--panel);border-radius:10px;padding:16px 18px;break-inside:avoid}
.card h2{margin:0;font-size:14px;font-weight:500;color:var(--quiet)}
.card p{font-size:14px;margin:0 0 4px}
.card strong{color:var(--warn);font-weight:600}
.card .figure{font-size:34px;line-height:1.2;font-weight:650;letter-spacing:-.02em;margin-bottom:4px}
.scores{display:grid;grid-template-columns:repeat(auto-fit,minmax(170px,1fr));gap:2px 20px;margin:10px 0;padding:8px 0;border-block:1px solid var(--rule);font-size:14px}
.scores div{display:flex;justify-content:space-between;gap:8px}
dd{margin:0}dt{color:var(--quiet)}.scores dd{font-weight:600;white-space:nowrap}.scores .quiet{font-weight:400}
.pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,440px),1fr));gap:8px 24px}
figure{margin:8px 0;break-inside:avoid}figure h3{margin:8px 0 0}
.chart{display:block;width:100%;height:auto;font:12px system-ui,sans-serif;fill:var(--ink)}
.grid{stroke:var(--grid)}
.tick,.name{fill:var(--quiet);font-size:12px}
.row-name{font-size:13px}tspan.quiet{fill:var(--quiet);font-size:12px}
.front,.diagonal,.mean{fill:none;stroke:var(--accent);stroke-width:2}
.diagonal{stroke-width:1.2}.mean{stroke-width:3}
.band{fill:var(--band)}
.on-front{fill:var(--accent)}
.off-front{fill:var(--quiet);fill-opacity:.45}
.winner{fill:none;stroke:var(--ink);stroke-width:1.6}
.winner-name{font-size:13px;font-weight:600;paint-order:stroke;stroke:var(--paper);stroke-width:4px;stroke-linejoin:round}
.budget{stroke:var(--warn);stroke-dasharray:5 4;stroke-width:1.3}
.budget-name{fill:var(--warn);font-size:12px;paint-order:stroke;stroke:var(--paper);stroke-width:4px}
.span{stroke:var(--rule);stroke-width:2}
.s0{fill:var(--s0)}.s1{fill:var(--s1)}.s2{fill:var(--s2)}.s3{fill:var(--s3)}.teacher{fill:var(--ink)}
.legend{list-style:none;display:flex;flex-wrap:wrap;gap:4px 20px;margin:8px 0;padding:0;font-size:14px}
.legend li{display:flex;align-items:center;gap:6px}
.scroll{overflow-x:auto}
table{border-collapse:collapse;font-size:14px;width:100%}
caption{text-align:left;padding:8px 0}
th,td{text-align:left;padding:4px 12px 4px 0;border-bottom:1px solid var(--grid);font-weight:400;vertical-align:middle}
thead th{color:var(--quiet);font-size:13px}
.dimensions th[scope=row]{font-weight:600;white-space:nowrap}
.dimensions td:last-child{width:480px}
.share{white-space:nowrap}
.track{display:inline-block;width:84px;height:8px;border-radius:4px;background:var(--grid);margin-right:8px;overflow:hidden}
.fill{display:block;height:100%;background:var(--s0)}.fill.latency{background:var(--s1)}
.number{display:inline-block;min-width:3.2em}
details{margin:8px 0}
summary{cursor:pointer;color:var(--accent);font-size:14px}
summary:focus-visible,.scroll:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
.languages{display:inline-block;vertical-align:top;margin:0 28px 12px 0}
.languages table{width:auto}.languages tbody{font-size:13px}.languages td{padding-right:4px}
.shade{display:block;min-width:3.4em;padding:0 6px;border-radius:3px;text-align:right;background:color-mix(in srgb,var(--s0) calc(var(--shade)*.5),transparent)}
.facts{display:grid;grid-template-columns:repeat(auto-fill,minmax(300px,1fr));gap:6px 32px;font-size:14px;margin:12px 0}
.facts div{break-inside:avoid;overflow-wrap:anywhere}
footer{margin-top:48px;padding-top:12px;border-top:1px solid var(--rule);color:var(--quiet);font-size:13px}
@media print{:root{color-scheme:light;--paper:#fff;--panel:#f6f7f9;--ink:#000;--quiet:#444;--grid:#ddd;--rule:#bbb;--accent:#0067b1;--warn:#b34700;
--s0:#0067b1;--s1:#c2570c;--s2:#00805c;--s3:#a8508a;--band:#0067b11c}
body{font-size:11pt}main{max-width:none;padding:0}h2{margin-top:28px;break-after:avoid}h3{break-after:avoid}.task,tr{break-inside:avoid}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}.scroll{overflow:visible}}
@page{margin:14mm}
`;
