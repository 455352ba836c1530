import Foundation
import PythonWeaknesses
import TestSupport
import Testing

/// The built-in parser against `ast.parse` of the machine's Python.
@Suite(.comparesWith("ast"))
struct PythonAgreementTests {
  struct Sample: Decodable {
    var text: String
    var isPython: Bool
  }

  /// Functions of Python's own library, whole and mutilated: cut off, a character removed, doubled or
  /// replaced.
  static let program = #"""
    import ast, json, os, random, sys, textwrap, warnings
    warnings.simplefilter("ignore")
    random.seed(int(sys.argv[1]))
    folder = os.path.dirname(os.__file__)
    out = []
    for name in sorted(n for n in os.listdir(folder) if n.endswith(".py")):
        source = open(os.path.join(folder, name), encoding="utf-8").read()
        for node in ast.walk(ast.parse(source)):
            if not isinstance(node, (ast.FunctionDef, ast.ClassDef)): continue
            lines = source.split("\n")[node.lineno - 1:node.end_lineno]
            whole = textwrap.dedent("\n".join(lines)) + "\n"
            if len(whole) > 1500 or random.random() > 0.3: continue
            texts = [whole]
            for _ in range(3):
                place = random.randrange(len(whole))
                texts += [whole[:place], whole[:place] + whole[place + 1:],
                          whole[:place] + whole[place] + whole[place:],
                          whole[:place] + random.choice("()[]{}:,.=+'\"\n x1@*") + whole[place + 1:]]
            for text in texts:
                try:
                    ast.parse(text)
                    valid = True
                except (SyntaxError, ValueError):
                    valid = False
                out.append({"text": text, "isPython": valid})
    json.dump(out, sys.stdout)
    """#

  @Test func agreesOnWholeAndMutilatedFunctions() throws {
    let samples = try JSONDecoder().decode(
      [Sample].self, from: PythonInterpreter.run(Self.program, "7"))
    let agreed = samples.count { sample in
      let isPython = (try? CodeGrader.findings(in: sample.text)) != nil
      return isPython == sample.isPython
    }
    #expect(samples.count > 10_000)
    // `ast.parse` lets a lone `*name` pass, which Python then refuses to compile.
    #expect(Double(agreed) >= 0.999 * Double(samples.count))
  }
}
