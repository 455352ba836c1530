/// The name of an HTML or SVG element that a report may contain.
///
/// The set is closed: text from other sources can never become an element's name.
public struct ElementName: Hashable, Sendable {
  let name: String

  init(_ name: String) {
    self.name = name
  }

  // Sections and text.
  public static let article = ElementName("article")
  public static let aside = ElementName("aside")
  public static let blockquote = ElementName("blockquote")
  public static let br = ElementName("br")
  public static let code = ElementName("code")
  public static let dd = ElementName("dd")
  public static let details = ElementName("details")
  public static let div = ElementName("div")
  public static let dl = ElementName("dl")
  public static let dt = ElementName("dt")
  public static let em = ElementName("em")
  public static let figcaption = ElementName("figcaption")
  public static let figure = ElementName("figure")
  public static let footer = ElementName("footer")
  public static let h1 = ElementName("h1")
  public static let h2 = ElementName("h2")
  public static let h3 = ElementName("h3")
  public static let h4 = ElementName("h4")
  public static let header = ElementName("header")
  public static let li = ElementName("li")
  public static let main = ElementName("main")
  public static let nav = ElementName("nav")
  public static let ol = ElementName("ol")
  public static let p = ElementName("p")
  public static let pre = ElementName("pre")
  public static let section = ElementName("section")
  public static let small = ElementName("small")
  public static let span = ElementName("span")
  public static let strong = ElementName("strong")
  public static let sub = ElementName("sub")
  public static let summary = ElementName("summary")
  public static let sup = ElementName("sup")
  public static let ul = ElementName("ul")

  // Tables.
  public static let caption = ElementName("caption")
  public static let table = ElementName("table")
  public static let tbody = ElementName("tbody")
  public static let td = ElementName("td")
  public static let th = ElementName("th")
  public static let thead = ElementName("thead")
  public static let tr = ElementName("tr")

  // Drawings.
  public static let circle = ElementName("circle")
  public static let desc = ElementName("desc")
  public static let g = ElementName("g")
  public static let line = ElementName("line")
  public static let path = ElementName("path")
  public static let rect = ElementName("rect")
  public static let svg = ElementName("svg")
  public static let text = ElementName("text")
  public static let title = ElementName("title")

  // The frame of the page, and links, which only lead to the page's own anchors.
  static let a = ElementName("a")
  static let body = ElementName("body")
  static let head = ElementName("head")
  static let html = ElementName("html")
  static let meta = ElementName("meta")
  static let style = ElementName("style")
}

/// The name of an attribute that a report may contain.
///
/// No name of the set runs a program or loads a resource. Callers cannot use `href` and `style`.
public struct AttributeName: Hashable, Sendable {
  let name: String

  init(_ name: String) {
    self.name = name
  }

  public static let ariaLabel = AttributeName("aria-label")
  public static let `class` = AttributeName("class")
  public static let colspan = AttributeName("colspan")
  public static let id = AttributeName("id")
  public static let lang = AttributeName("lang")
  public static let open = AttributeName("open")
  public static let role = AttributeName("role")
  public static let scope = AttributeName("scope")
  public static let tabindex = AttributeName("tabindex")
  public static let title = AttributeName("title")

  // Geometry of drawings.
  public static let cx = AttributeName("cx")
  public static let cy = AttributeName("cy")
  public static let d = AttributeName("d")
  public static let dy = AttributeName("dy")
  public static let height = AttributeName("height")
  public static let r = AttributeName("r")
  public static let textAnchor = AttributeName("text-anchor")
  public static let transform = AttributeName("transform")
  public static let viewBox = AttributeName("viewBox")
  public static let width = AttributeName("width")
  public static let x = AttributeName("x")
  public static let x1 = AttributeName("x1")
  public static let x2 = AttributeName("x2")
  public static let y = AttributeName("y")
  public static let y1 = AttributeName("y1")
  public static let y2 = AttributeName("y2")

  static let charset = AttributeName("charset")
  static let content = AttributeName("content")
  static let href = AttributeName("href")
  static let httpEquiv = AttributeName("http-equiv")
  static let metaName = AttributeName("name")
  static let style = AttributeName("style")
  static let xmlns = AttributeName("xmlns")
}
