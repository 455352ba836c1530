/// The colours of reports, as CSS variables.
///
/// Series colours are Okabe and Ito's hues, which readers with any common colour blindness can
/// distinguish. Pale colours are darkened on a light background, and all colours are lightened on a
/// dark background, until a mark has a contrast of 3 (WCAG 2.2). The name of a series has a
/// stronger tone with a contrast of 4.5.
enum Palette {
  struct Series {
    let mark: String
    let name: String
  }

  struct Scheme {
    let plain: [(name: String, color: String)]
    let series: [Series]
  }

  static let light = Scheme(
    plain: [
      ("paper", "#fffffd"), ("wash", "#f5f4f0"), ("ink", "#1d1d1f"), ("muted", "#5c5c61"),
      ("faint", "#8d8d93"), ("rule", "#d5d5d2"), ("hair", "#ebebe7"), ("link", "#00598c"),
      ("heat", "#56b4e9"), ("heat-zero", "#f7f7f4"), ("escape", "#a63d00"),
    ],
    series: [
      Series(mark: "#0072b2", name: "#00659e"), Series(mark: "#d55e00", name: "#b04e00"),
      Series(mark: "#009e73", name: "#00775a"), Series(mark: "#b8609a", name: "#9c4680"),
      Series(mark: "#c98600", name: "#8a5c00"), Series(mark: "#3498d4", name: "#1f74a6"),
      Series(mark: "#4d4d52", name: "#4d4d52"),
    ])

  static let dark = Scheme(
    plain: [
      ("paper", "#151618"), ("wash", "#1e2023"), ("ink", "#e4e2dd"), ("muted", "#a6a4a0"),
      ("faint", "#75757a"), ("rule", "#3a3b3f"), ("hair", "#292a2e"), ("link", "#7cc4f0"),
      ("heat", "#00619a"), ("heat-zero", "#1e2023"), ("escape", "#f2a273"),
    ],
    series: [
      Series(mark: "#3f9fdc", name: "#64b5ea"), Series(mark: "#e8742c", name: "#f08c50"),
      Series(mark: "#1fb58a", name: "#35c79c"), Series(mark: "#d58bb9", name: "#e0a3c8"),
      Series(mark: "#e69f00", name: "#ebb03a"), Series(mark: "#7cc8f2", name: "#7cc8f2"),
      Series(mark: "#b4b4b8", name: "#b4b4b8"),
    ])

  static var stylesheet: String {
    let names = light.series.indices.map { index in
      ".series-\(index) { --series: var(--series-\(index)); "
        + "--series-text: var(--series-text-\(index)) }\n"
    }
    return ":root {\n\(variables(light))}\n"
      + "@media screen and (prefers-color-scheme: dark) {\n:root {\n\(variables(dark))}\n}\n"
      + names.joined()
  }

  private static func variables(_ scheme: Scheme) -> String {
    scheme.plain.map { "  --\($0.name): \($0.color);\n" }.joined()
      + scheme.series.enumerated().map { index, series in
        "  --series-\(index): \(series.mark);\n  --series-text-\(index): \(series.name);\n"
      }.joined()
  }
}
