/// The names in the rules, from Python's library and from common packages.
enum CodeNames {
  // MARK: Where a stranger's data comes in

  static let requestParts: Set<String> = [
    "args", "form", "values", "cookies", "headers", "json", "data", "files", "GET", "POST",
    "COOKIES", "FILES", "META", "body", "query_params", "query_string", "get_json", "params",
    "get_data", "get_argument", "path", "url", "match_info", "query", "view_args",
  ]
  static let strangers: Set<String> = [
    "input", "raw_input", "sys.argv", "sys.stdin", "sys.stdin.read", "sys.stdin.readline",
  ]
  static let receivers: Set<String> = ["recv", "recvfrom", "get_argument", "getfirst", "getvalue"]
  static let routes: Set<String> = [
    "route", "get", "post", "put", "delete", "patch", "api_view", "websocket",
  ]
  /// Methods whose result is the same text.
  static let textMethods: Set<String> = [
    "get", "strip", "lstrip", "rstrip", "lower", "upper", "title", "capitalize", "replace", "split",
    "rsplit", "splitlines", "encode", "decode", "pop", "getlist", "items", "values", "read", "join",
    "format", "removeprefix", "removesuffix", "partition", "rpartition", "ljust", "zfill",
    "get_json", "get_data", "get_argument",
  ]
  static let textFunctions: Set<String> = [
    "str", "bytes", "repr", "unquote", "urllib.parse.unquote", "list", "tuple", "os.path.join",
    "os.path.abspath", "os.path.normpath", "os.path.realpath", "os.path.expanduser",
    "posixpath.join",
    "textwrap.dedent", "string.Template",
  ]

  // MARK: What makes data harmless

  static let numbers: Set<String> = [
    "int", "float", "bool", "len", "ord", "hash", "uuid.UUID", "UUID", "isinstance", "round", "sum",
    "decimal.Decimal", "Decimal", "ipaddress.ip_address", "ip_address",
  ]
  /// The weaknesses that a cleaning function removes, by the last part of its name.
  static let cleaners: [String: Set<Weakness>] = [
    "quote": [.commandInjection, .crossSiteScripting], "quote_plus": [.crossSiteScripting],
    "urlencode": [.crossSiteScripting],
    "escape": [.crossSiteScripting], "escape_html": [.crossSiteScripting],
    "conditional_escape": [.crossSiteScripting], "format_html": [.crossSiteScripting],
    "clean": [.crossSiteScripting], "xhtml_escape": [.crossSiteScripting],
    "striptags": [.crossSiteScripting], "strip_tags": [.crossSiteScripting],
    "jsonify": [.crossSiteScripting], "JsonResponse": [.crossSiteScripting],
    "render_template": [.crossSiteScripting],
    "render": [.crossSiteScripting], "redirect": [.crossSiteScripting],
    "send_file": [.crossSiteScripting], "basename": [.pathTraversal],
    "secure_filename": [.pathTraversal], "safe_join": [.pathTraversal],
    "url_has_allowed_host_and_scheme": [.openRedirect], "url_for": [.openRedirect],
    "literal_eval": [.codeInjection],
  ]
  /// Conditions that validate a text.
  static let checks: Set<String> = [
    "isalnum", "isdigit", "isalpha", "isnumeric", "isdecimal", "isidentifier", "fullmatch", "match",
  ]
  static let pathChecks: Set<String> = [
    "startswith", "is_relative_to", "commonpath", "commonprefix", "relative_to",
  ]
  static let resolvers: Set<String> = ["realpath", "abspath", "resolve", "normpath"]

  // MARK: What is dangerous

  static let shells: Set<String> = [
    "os.system", "os.popen", "os.popen2", "os.popen3", "commands.getoutput",
    "commands.getstatusoutput", "subprocess.getoutput", "subprocess.getstatusoutput",
    "asyncio.create_subprocess_shell", "popen2.popen2",
  ]
  static let starters: Set<String> = ["run", "call", "Popen", "check_output", "check_call"]
  static let queries: Set<String> = [
    "execute", "executemany", "executescript", "raw", "extra", "text", "mogrify", "read_sql",
    "read_sql_query", "RawSQL",
  ]
  static let queryWords: Set<String> = [
    "select", "insert", "update", "delete", "create", "drop", "alter", "replace", "where", "grant",
  ]
  static let fileFunctions: Set<String> = [
    "open", "io.open", "os.open", "codecs.open", "send_file", "flask.send_file", "FileResponse",
    "os.remove", "os.unlink", "os.rmdir", "os.listdir", "os.mkdir", "os.makedirs", "os.rename",
    "shutil.rmtree", "shutil.copy", "shutil.copyfile", "shutil.move", "aiofiles.open", "os.stat",
    "zipfile.ZipFile", "tarfile.open", "static_file",
  ]
  static let pathMethods: Set<String> = [
    "read_text", "read_bytes", "write_text", "write_bytes", "open", "unlink", "save", "saveas",
  ]
  static let trustedMarkup: Set<String> = [
    "Markup", "mark_safe", "SafeString", "SafeText", "HTML", "render_template_string",
  ]
  static let pageWriters: Set<String> = [
    "Response", "make_response", "HttpResponse", "HTMLResponse", "write", "PlainTextResponse",
  ]
  static let loaders: Set<String> = [
    "pickle", "cPickle", "_pickle", "dill", "cloudpickle", "marshal", "jsonpickle", "shelve",
    "joblib", "pandas.read_pickle",
  ]
  static let loadMethods: Set<String> = [
    "load", "loads", "decode", "Unpickler", "open", "read_pickle",
  ]
  static let safeYAML: Set<String> = ["SafeLoader", "CSafeLoader", "BaseLoader", "CBaseLoader"]
  static let weakHashes: Set<String> = [
    "md5", "sha1", "sha", "md4", "md2", "MD5", "SHA1", "MD4", "MD2",
  ]
  static let weakCiphers: Set<String> = [
    "DES", "DES3", "ARC4", "ARC2", "Blowfish", "IDEA", "RC4", "TripleDES", "CAST5", "XOR",
  ]
  static let weakModes: Set<String> = [
    "MODE_ECB", "PROTOCOL_SSLv2", "PROTOCOL_SSLv3", "PROTOCOL_SSLv23", "PROTOCOL_TLSv1",
    "PROTOCOL_TLSv1_1", "TLSv1", "TLSv1_1", "SSLv2", "SSLv3", "SSLv2_METHOD", "SSLv3_METHOD",
    "SSLv23_METHOD", "TLSv1_METHOD",
  ]
  static let temporaryPaths = ["/tmp/", "/var/tmp/", "/dev/shm/"]
  static let secrets = [
    "password", "passwd", "pwd", "passphrase", "secret", "token", "api_key", "apikey",
    "private_key", "access_key", "auth_key", "credential", "encryption_key", "signing_key",
  ]
  /// Endings of names that are about a secret but are not a secret.
  static let aboutSecrets = [
    "_file", "_path", "_url", "_name", "_field", "_hash", "_type", "_length", "_header", "_id",
  ]
  /// Names of values that must not be guessable.
  static let unguessable = [
    "password", "passwd", "secret", "token", "salt", "nonce", "otp", "key", "session", "captcha",
    "pin",
  ]
  /// Functions with a key as an argument, and the index of that argument.
  static let keyPlaces: [String: Int] = [
    "jwt.encode": 1, "jwt.decode": 1, "AES.new": 0, "DES.new": 0, "Blowfish.new": 0, "hmac.new": 0,
    "Fernet": 0, "login": 1,
  ]

  static func isSecret(_ name: String) -> Bool {
    let name = name.lowercased()
    return secrets.contains { name.contains($0) } && !aboutSecrets.contains { name.hasSuffix($0) }
  }
}
