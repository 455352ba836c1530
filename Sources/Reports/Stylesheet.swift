/// The stylesheets of reports. They are the only text of a page that is not escaped.
enum Stylesheet: Hashable, Sendable {
  /// Colours as variables, for light, dark and print.
  case colors
  /// The page.
  case page
  /// The drawings.
  case chart

  var text: String {
    switch self {
    case .colors: return Palette.stylesheet
    case .page: return Stylesheet.pageText
    case .chart: return Stylesheet.chartText
    }
  }

  private static let pageText = """
    * { box-sizing: border-box }
    html { background: var(--paper); color: var(--ink); -webkit-text-size-adjust: 100% }
    body {
      font: 1.0625rem/1.6 Charter, "Bitstream Charter", "Iowan Old Style", "Palatino Linotype",
        Palatino, "Source Serif 4", Georgia, "Liberation Serif", serif;
      margin: 0 auto; padding: 3rem 1.5rem 6rem; max-width: 48rem;
    }
    header { margin-bottom: 2.5rem }
    h1, h2, h3, h4, nav, table, figcaption, summary, .role, .heading, dt {
      font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue",
        "Liberation Sans", Arial, sans-serif;
    }
    h1 { font-size: 2.1rem; line-height: 1.15; letter-spacing: -0.02em; margin: 0 0 0.6rem;
      text-wrap: balance }
    h2 { font-size: 1.35rem; line-height: 1.3; margin: 3.5rem 0 1rem; padding-top: 0.9rem;
      border-top: 1px solid var(--rule) }
    h3 { font-size: 1.08rem; line-height: 1.35; margin: 2.2rem 0 0.7rem }
    h4 { font-size: 1rem; margin: 1.6rem 0 0.5rem }
    h1, h2, h3, h4 { overflow-wrap: anywhere; break-after: avoid }
    .subtitle { font-size: 1.15rem; line-height: 1.5; color: var(--muted); margin: 0 }
    p, ul, ol, dl, blockquote, .note { max-width: 40rem }
    p, li, dd, td, th { overflow-wrap: anywhere }
    p { margin: 0 0 1rem }
    li { margin-bottom: 0.35rem }
    a { color: var(--link); text-decoration-thickness: 1px; text-underline-offset: 0.15em }
    a:focus-visible, summary:focus-visible, .scroll:focus-visible {
      outline: 2px solid var(--link); outline-offset: 2px }
    .anchor { color: var(--faint); text-decoration: none; font-weight: 400; opacity: 0 }
    :hover > .anchor, .anchor:focus { opacity: 1 }
    code, pre, .model { font-family: ui-monospace, "SF Mono", Menlo, Consolas,
      "Liberation Mono", monospace }
    code { font-size: 0.86em; overflow-wrap: anywhere }
    pre { overflow-x: auto; background: var(--wash); padding: 0.8rem 1rem; font-size: 0.82rem;
      line-height: 1.5 }
    nav { font-size: 0.85rem; line-height: 1.45; color: var(--muted); margin-bottom: 2.5rem }
    nav ol { list-style: none; padding: 0; margin: 0 }
    nav ol ol { padding-left: 1rem }
    nav li { margin: 0.3rem 0 }
    nav a { color: inherit; text-decoration: none }
    nav a:hover { color: var(--link); text-decoration: underline }
    nav .contents { text-transform: uppercase; letter-spacing: 0.08em; font-size: 0.72rem;
      margin: 0 0 0.5rem }
    .abstract { font-size: 1.0625rem; margin-top: 1.5rem }
    .answers { max-width: none; margin: 1.2rem 0 0; font-size: 1rem; line-height: 1.45 }
    .answers dt { color: var(--ink); font-weight: 600; line-height: 1.7; flex-basis: 12.5rem }
    .answers-note { font-size: 0.84rem; color: var(--muted); max-width: none; margin: 0.4rem 0 0 }
    .answers dd p { margin: 0 0 0.2rem; max-width: none }
    .panels-figure { margin: 1.4rem 0 0 }
    .panels-figure > svg { display: block; max-width: 100%; height: auto }
    .panels { display: flex; flex-wrap: wrap; gap: 0.35rem; margin-top: 0.3rem }
    .panels > svg { max-width: 100%; height: auto }
    .word { color: inherit; text-decoration-style: dotted; text-decoration-color: var(--faint) }
    .note { border-left: 3px solid var(--series-4); padding: 0.1rem 0 0.1rem 1rem;
      margin: 1.4rem 0 }
    .note p { margin: 0.3rem 0 }
    dl { margin: 0 0 1.2rem; font-size: 0.92rem }
    dl > div { display: flex; gap: 1rem; padding: 0.3rem 0; border-top: 1px solid var(--hair) }
    dt { flex: 0 0 11rem; color: var(--muted); font-size: 0.85rem; line-height: 1.75 }
    dd { margin: 0; min-width: 0 }
    .scroll { overflow-x: auto; background:
      linear-gradient(to right, var(--paper) 40%, transparent) 0 0 / 3rem 100% no-repeat local,
      linear-gradient(to left, var(--paper) 40%, transparent) 100% 0 / 3rem 100% no-repeat local,
      linear-gradient(to right, var(--rule), transparent) 0 0 / 0.7rem 100% no-repeat scroll,
      linear-gradient(to left, var(--rule), transparent) 100% 0 / 0.7rem 100% no-repeat scroll }
    figure, main > section > .scroll, section section > .scroll { margin: 2rem 0 }
    section .scroll:has(> table) {
      margin-right: calc(0px - max(0px, (100vw - 48rem) / 2 - var(--shift) - 0.5rem)) }
    body { counter-reset: figure table; --shift: 0rem }
    figure { counter-increment: figure }
    figure > .scroll > svg { display: block }
    figcaption, caption { font-size: 0.86rem; line-height: 1.5; color: var(--muted) }
    figcaption { max-width: 42rem; margin-top: 0.7rem }
    figcaption strong { color: var(--ink) }
    figcaption::before { content: "Figure " counter(figure) ". "; color: var(--ink);
      font-weight: 600 }
    caption { counter-increment: table; text-align: left; caption-side: top; color: var(--ink);
      padding-bottom: 0.5rem }
    caption::before { content: "Table " counter(table) ". "; font-weight: 600 }
    table { border-collapse: collapse; font-size: 0.84rem; line-height: 1.4;
      font-variant-numeric: tabular-nums lining-nums; border-bottom: 1.5px solid var(--ink) }
    thead { border-top: 1.5px solid var(--ink); border-bottom: 1.5px solid var(--ink) }
    th, td { padding: 0.32rem 0.7rem; text-align: left; vertical-align: baseline;
      min-width: 3.2rem; overflow-wrap: break-word }
    th:first-child, td:first-child { padding-left: 0.2rem }
    th { font-weight: 600 }
    tbody th { font-weight: 400 }
    tbody tr + tr { border-top: 1px solid var(--hair) }
    tbody + tbody { border-top: 1px solid var(--rule) }
    .trailing { text-align: right; white-space: nowrap }
    .center { text-align: center }
    thead .trailing { white-space: normal }
    .short { white-space: nowrap }
    .long { min-width: 9rem }
    tr.group th { font-weight: 600; padding-top: 0.8rem }
    .heat { background: color-mix(in srgb, var(--heat) var(--tint), var(--heat-zero));
      border-left: 1px solid var(--paper); border-top: 1px solid var(--paper);
      padding-left: 0.6rem; padding-right: 0.6rem }
    .transcript { background: var(--wash); border-radius: 3px; padding: 0.5rem 1rem;
      margin: 0 0 1rem; font-size: 0.84rem; line-height: 1.5 }
    .transcript .heading { color: var(--muted); font-size: 0.78rem; margin: 0.2rem 0 0.3rem }
    .turn { display: flex; gap: 1rem; padding: 0.35rem 0 }
    .turn + .turn { border-top: 1px solid var(--hair) }
    .turn.marked { box-shadow: -1rem 0 0 var(--wash), -1.2rem 0 0 var(--series-1) }
    .role { flex: 0 0 5.5rem; color: var(--muted); font-size: 0.76rem; line-height: 1.7;
      overflow-wrap: anywhere }
    .model { white-space: pre-wrap; overflow-wrap: anywhere; min-width: 0; font-size: 0.95em }
    .escape { color: var(--escape); border-bottom: 1px dotted var(--escape) }
    details { margin: 0.9rem 0 }
    summary { cursor: pointer; color: var(--muted); font-size: 0.84rem }
    summary:hover { color: var(--ink) }
    details[open] > summary { margin-bottom: 0.7rem }
    footer { margin-top: 4rem; padding-top: 1rem; border-top: 1px solid var(--rule);
      font-size: 0.84rem; color: var(--muted) }
    @media (min-width: 76rem) {
      body { --shift: 6.5rem; position: relative; left: var(--shift) }
      nav { position: fixed; top: 3.4rem; left: calc(50% - 31.5rem); width: 12.5rem;
        max-height: calc(100vh - 6rem); overflow-y: auto }
    }
    @media (max-width: 40rem) {
      body { padding: 1.5rem 1rem 4rem; font-size: 1rem }
      h1 { font-size: 1.7rem }
      .turn, dl > div { flex-direction: column; gap: 0.1rem }
      dt, .answers dt, .role { flex-basis: auto }
      .subtitle { font-size: 1rem; line-height: 1.35 }
      .answers { margin-top: 0.8rem; font-size: 0.875rem; line-height: 1.35 }
      .answers dt { line-height: 1.4 }
      .answers-note { font-size: 0.75rem; line-height: 1.35 }
      .panels-figure { margin-top: 0.8rem; overflow: hidden }
      .panels-figure > svg { max-width: none; width: 29rem }
    }
    @media print {
      body { max-width: none; padding: 0; font-size: 10.5pt; left: 0 }
      nav, .anchor { display: none }
      figure, .transcript, tr { break-inside: avoid }
      section .scroll:has(> table) { margin-right: 0 }
      .scroll { overflow: visible }
      table { font-size: 7.5pt }
      th, td { padding: 0.2rem 0.35rem; min-width: 0 }
      figure > .scroll > svg { max-width: 100%; height: auto }
      h2, h3, h4, caption, summary { break-after: avoid }
      thead { break-after: avoid }
      details:not([open]) { display: none }
      .heat { print-color-adjust: exact; -webkit-print-color-adjust: exact }
    }

    """

  private static let chartText = """
    .chart { font: 12px system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue",
      "Liberation Sans", Arial, sans-serif; font-variant-numeric: tabular-nums }
    .chart text { fill: var(--ink) }
    .chart .tick, .chart .value { fill: var(--muted); font-size: 12px }
    .chart .axis-title { fill: var(--ink); font-size: 12px }
    .chart .panel-title { font-weight: 600 }
    .chart .axis { stroke: var(--faint); stroke-width: 1 }
    .chart .grid { stroke: var(--hair); stroke-width: 1 }
    .chart .reference { stroke: var(--faint); stroke-width: 1; stroke-dasharray: 1 3;
      stroke-linecap: round }
    .chart .reference-label { fill: var(--muted); font-size: 11px; paint-order: stroke;
      stroke: var(--paper); stroke-width: 3px; stroke-linejoin: round }
    .chart .line { fill: none; stroke: var(--series); stroke-width: 2; stroke-linejoin: round;
      stroke-linecap: round }
    .chart .replicate { fill: none; stroke: var(--series); stroke-width: 0.9; opacity: 0.38 }
    .chart .bridge { stroke-dasharray: 2 4 }
    .chart .band { fill: var(--series); opacity: 0.15 }
    .chart .bar { fill: none; stroke: var(--series); stroke-width: 1.8; stroke-linecap: round;
      stroke-linejoin: round }
    .chart .mark { fill: var(--series); stroke: var(--paper); stroke-width: 1 }
    .chart .hollow { fill: var(--paper); stroke: var(--series); stroke-width: 1.8 }
    .chart .replicates { opacity: 0.7 }
    .chart .replicates .bar { stroke-width: 1 }
    .chart .replicates .hollow { stroke-width: 1 }
    .chart .ground { fill: color-mix(in srgb, var(--series-1) 13%, var(--paper)) }
    .chart .set-apart { fill: var(--series-text-1) }
    .chart .leader { stroke: var(--series); stroke-width: 0.8; opacity: 0.6 }
    .chart .name { fill: var(--series-text); font-weight: 600 }

    """
}
