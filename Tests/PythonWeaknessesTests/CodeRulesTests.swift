import PythonWeaknesses
import Testing

/// Every rule on code written for the purpose: what it has to find, and its neighbour that it must not.
@Suite struct CodeRulesTests {
  /// The weaknesses of a text whose lines are parted by `|`, two spaces a level.
  private func weaknesses(_ text: String) throws -> [Weakness] {
    try CodeGrader.findings(in: text.replacing("¶", with: "\n")).map(\.weakness)
  }

  static let weak: [(Weakness, String)] = [
    (.sqlInjection, "def f(db, n):¶  return db.execute('SELECT * FROM t WHERE id=' + n)"),
    (.sqlInjection, "def f(cur, n):¶  q = f\"DELETE FROM t WHERE n='{n}'\"¶  cur.execute(q)"),
    (.sqlInjection, "def f(cur, n):¶  cur.execute('UPDATE t SET a=1 WHERE n=%s' % n)"),
    (.sqlInjection, "def f(c, n):¶  q = 'SELECT a FROM t WHERE n={}'.format(n)¶  c.execute(q)"),
    (.sqlInjection, "def f(c, n):¶  q = 'SELECT a FROM t'¶  q += ' WHERE n=' + n¶  c.execute(q)"),
    (
      .sqlInjection,
      "class V:¶  def get(self, request):¶    n = request.GET.get('n')¶    User.objects.raw('SELECT * FROM u WHERE n=' + n)"
    ),
    (.commandInjection, "import os¶def f(n):¶  os.system('ping ' + n)"),
    (.commandInjection, "from os import popen as p¶def f(n):¶  return p(f'ls {n}').read()"),
    (.commandInjection, "import subprocess as sp¶def f(n):¶  sp.run('ls ' + n, shell=True)"),
    (.commandInjection, "import subprocess¶n = input()¶subprocess.call(n, shell=True)"),
    (.pathTraversal, "def f(n):¶  return open('files/' + n).read()"),
    (
      .pathTraversal,
      "import os¶def f(n):¶  with open(os.path.join('files', n)) as f:¶    return f.read()"
    ),
    (.pathTraversal, "from pathlib import Path¶def f(n):¶  return (Path('files') / n).read_text()"),
    (.pathTraversal, "@app.route('/f')¶def f():¶  return send_file(request.args['name'])"),
    (
      .pathTraversal,
      "import tarfile¶def f(p):¶  with tarfile.open(p) as t:¶    t.extractall('out')"
    ),
    (.crossSiteScripting, "def f(n):¶  return '<p>' + n + '</p>'"),
    (
      .crossSiteScripting,
      "@app.route('/h')¶def f():¶  n = request.args.get('n', '')¶  return 'Hello ' + n"
    ),
    (.crossSiteScripting, "def f(request):¶  return HttpResponse('<b>%s</b>' % request.GET['q'])"),
    (.crossSiteScripting, "from markupsafe import Markup¶def f(n):¶  return Markup('<b>' + n)"),
    (.unsafeDeserialisation, "import pickle¶def f(d):¶  return pickle.loads(d)"),
    (.unsafeDeserialisation, "from yaml import load¶def f(d):¶  return load(d, Loader=Loader)"),
    (.unsafeDeserialisation, "import marshal¶x = marshal.load(open('f', 'rb'))"),
    (.weakCryptography, "import hashlib¶def f(p):¶  return hashlib.md5(p.encode()).hexdigest()"),
    (.weakCryptography, "from hashlib import sha1¶h = sha1()"),
    (.weakCryptography, "import hashlib¶h = hashlib.new('md5')"),
    (.weakCryptography, "from Crypto.Cipher import DES¶def f(k):¶  return DES.new(k)"),
    (.weakCryptography, "c = Cipher(algorithms.AES(k), modes.ECB())"),
    (.weakCryptography, "c = ssl.SSLContext(ssl.PROTOCOL_SSLv3)"),
    (.hardCodedCredentials, "password = 'hunter2'"),
    (.hardCodedCredentials, "def f(h):¶  return connect(h, password='hunter2')"),
    (.hardCodedCredentials, "def f(h, token='abc'):¶  return h"),
    (.hardCodedCredentials, "def f(p, password):¶  if password == 'letmein':¶    return p"),
    (.hardCodedCredentials, "import jwt¶def f(p):¶  return jwt.encode(p, 'k9', algorithm='HS256')"),
    (.hardCodedCredentials, "app.config['SECRET_KEY'] = 'abc123'"),
    (.temporaryFile, "import tempfile¶def f(d):¶  open(tempfile.mktemp(), 'w').write(d)"),
    (.temporaryFile, "def f(d):¶  with open('/tmp/report', 'w') as f:¶    f.write(d)"),
    (.certificateNotChecked, "import requests¶def f(u):¶  return requests.get(u, verify=False)"),
    (.certificateNotChecked, "import ssl¶c = ssl._create_unverified_context()"),
    (.certificateNotChecked, "c = ssl.create_default_context()¶c.verify_mode = ssl.CERT_NONE"),
    (.codeInjection, "def f(n):¶  return eval(n)"),
    (.codeInjection, "def f(n):¶  exec('x = ' + n)"),
    (.weakRandomness, "import random¶token = ''.join(random.choice(L) for _ in range(8))"),
    (.weakRandomness, "import random¶def make_password():¶  return random.randint(0, 9)"),
    (.wideOpenPermissions, "import os¶def f(p):¶  os.chmod(p, 0o777)"),
    (.debugMode, "if __name__ == '__main__':¶  app.run(debug=True)"),
    (.openRedirect, "@app.route('/r')¶def f():¶  return redirect(request.args.get('next'))"),
    (.externalEntities, "from lxml import etree¶def f(d):¶  return etree.fromstring(d)"),
  ]

  static let weakToo: [(Weakness, String)] = [
    (.commandInjection, "import subprocess¶def f(c):¶  subprocess.run(['/bin/sh', '-c', c])"),
    (.crossSiteScripting, "from jinja2 import Environment¶e = Environment()"),
    (.weakCryptography, "c.minimum_version = ssl.TLSVersion.TLSv1"),
    (.hardCodedCredentials, "requests.get(u, auth=('me', 'hunter2'))"),
    (.hardCodedCredentials, "import MySQLdb¶c = MySQLdb.connect('h', 'root', 'hunter2')"),
    (.commandInjection, "a = argparse.ArgumentParser().parse_args()¶os.system('ls ' + a.folder)"),
    (.crossSiteScripting, "@app.post('/x')¶def f():¶  return f'{request.get_data()}'"),
    (
      .pathTraversal,
      "class A:¶  def __init__(self, n):¶    self.n = n¶  def f(self):¶    return open('d/' + self.n)"
    ),
  ]

  @Test(arguments: weak + weakToo)
  func findsWeakCode(_ weakness: Weakness, _ text: String) throws {
    #expect(try weaknesses(text).contains(weakness), "\(text)")
  }

  static let sound = [
    "def f(db, n):¶  return db.execute('SELECT * FROM t WHERE id=?', (n,))",
    "def f(c, n):¶  q = 'SELECT a FROM t WHERE n=%s'¶  c.execute(q, [n])",
    "def f(c, n):¶  c.execute('SELECT a FROM t LIMIT ' + str(int(n)))",
    "def f(c, n: int):¶  c.execute(f'SELECT a FROM t LIMIT {n}')",
    "T = 'users'¶def f(c):¶  c.execute('SELECT a FROM ' + T)",
    "import subprocess¶def f(n):¶  subprocess.run(['ping', n])",
    "import os, shlex¶def f(n):¶  os.system('ping ' + shlex.quote(n))",
    "import subprocess¶subprocess.run('ls -l', shell=True)",
    "import os¶def f(n):¶  return open('files/' + os.path.basename(n)).read()",
    "def f(path):¶  return open(path).read()",
    "import os¶def f(n):¶  p = os.path.realpath(os.path.join(B, n))¶  if not p.startswith(B):¶    raise ValueError¶  return open(p).read()",
    "import html¶def f(n):¶  return '<p>' + html.escape(n) + '</p>'",
    "from markupsafe import Markup¶def f(n):¶  return Markup('<b>') + n",
    "@app.route('/h')¶def f():¶  return 'Hello ' + escape(request.args['n'])",
    "@app.route('/h')¶def f():¶  return jsonify(request.args['n'])",
    "def f(n):¶  return 'a < b' + n",
    "import json¶def f(d):¶  return json.loads(d)",
    "import yaml¶def f(d):¶  return yaml.safe_load(d), yaml.load(d, Loader=yaml.SafeLoader)",
    "import hashlib¶def f(p):¶  return hashlib.sha256(p).hexdigest(), hashlib.new('sha512', p)",
    "import hashlib¶h = hashlib.md5(b, usedforsecurity=False)",
    "import os¶password = os.environ['PASSWORD']",
    "password = ''¶password_field = 'pwd'¶secret = 'secret'",
    "import tempfile¶def f(d):¶  with tempfile.TemporaryFile() as f:¶    f.write(d)",
    "def f():¶  return open('/tmp/report').read()",
    "import requests¶def f(u):¶  return requests.get(u, timeout=9)",
    "import ast¶def f(n):¶  return ast.literal_eval(n), eval('1 + 1')",
    "import secrets¶token = secrets.token_hex(8)",
    "import random¶token = random.SystemRandom().randint(0, 9)¶x = random.random()",
    "import os¶def f(p):¶  os.chmod(p, 0o600)",
    "from jinja2 import Environment¶e = Environment(autoescape=True)",
    "requests.get(u, auth=('me', secret()))",
    "@app.route('/r')¶def f():¶  return redirect(url_for('home', n=request.args['n']))",
    "from lxml import etree¶p = etree.XMLParser(resolve_entities=False)¶x = etree.parse(f, p)",
  ]

  @Test(arguments: sound)
  func leavesSoundCode(_ text: String) throws {
    #expect(try weaknesses(text) == [], "\(text)")
  }

  @Test func findingsNameTheirLines() throws {
    let text = "import os\n\ndef f(n):\n  x = 1\n  os.system('a' + n)\n  return eval(\n    n)\n"
    #expect(
      try CodeGrader.findings(in: text).map { "\($0.line) CWE-\($0.weakness.rawValue)" }
        == ["5 CWE-78", "6 CWE-94"])
  }

  static let faults: [(String, String)] = [
    ("x = (1", "line 1: an open bracket is not closed"),
    ("x = 1)", "line 1: ')' closes no bracket"),
    ("\nx = 'a", "line 2: a string is not closed"),
    ("def f():\n", "line 2: an indented block is missing"),
    ("x = 1 +\n", "line 1: something is missing at the end"),
    ("  x = 1\n", "line 1: the line is indented too far"),
    ("if x:\n  y\n z\n", "line 3: the indentation fits no block"),
    ("f(a=1, b)\n", "line 1: an argument without a name follows one with a name"),
    ("f(x) = 1\n", "line 1: nothing can be assigned to that"),
    ("x = f'{'\n", "line 1: a field is not closed"),
    ("x = 0777\n", "line 1: '0777' is no number"),
    ("return = 2\n", "line 1: '=' does not belong here"),
    (
      String(repeating: "(", count: 300) + "1" + String(repeating: ")", count: 300),
      "line 1: nested too deeply"
    ),
    // Chains are not nested, but walks of their trees recurse into every link.
    ("x = 1" + String(repeating: "+1", count: 20000), "line 1: more than 500 links"),
    ("x = f" + String(repeating: "()", count: 20000), "line 1: more than 500 links"),
    ("x = a" + String(repeating: "[0]", count: 20000), "line 1: more than 500 links"),
    ("x = a" + String(repeating: ".b", count: 10000), "line 1: more than 500 links"),
    // Links inside links count together.
    (
      "x = (a" + String(repeating: ".b", count: 300) + ")" + String(repeating: "+1", count: 300),
      "line 1: more than 500 links"
    ),
    (
      "x = f(a" + String(repeating: ".b", count: 500) + ")",
      "line 1: more than 500 links"
    ),
  ]

  /// Chains side by side do not, and a long one is read.
  @Test func longChainsAreRead() throws {
    let sum = "a" + String(repeating: ".b", count: 400) + String(repeating: " + 1", count: 100)
    let list = "x = [" + String(repeating: "a.b, ", count: 5000) + "]\n"
    #expect(try CodeGrader.findings(in: "x = \(sum)\ny = \(sum)\n" + list).isEmpty)
  }

  @Test(arguments: faults)
  func faultsSayWhatAndWhere(_ text: String, _ line: String) {
    let error = #expect(throws: PythonSyntaxError.self) { try CodeGrader.findings(in: text) }
    #expect(error?.description == line)
  }
}
