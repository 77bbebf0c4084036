"""An OpenID Connect provider on localhost: TLS by a CA of its own, one signing key, and one token.

Usage: oidc_provider.py FOLDER. Writes ca.pem and token into the folder, prints the port it listens
on, and serves until its standard input is closed. Needs openssl.
"""

import base64
import http.server
import json
import pathlib
import ssl
import subprocess
import sys
import threading
import time


def openssl(*arguments, data=None):
    return subprocess.run(
        ["openssl", *arguments], input=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=True
    ).stdout


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def main():
    folder = pathlib.Path(sys.argv[1])
    ca, ca_key, certificate, key, request, names, signing = (
        str(folder / name)
        for name in ("ca.pem", "ca.key", "tls.pem", "tls.key", "tls.csr", "names", "jwt.key")
    )
    openssl(
        "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", ca_key, "-out", ca,
        "-days", "1", "-subj", "/CN=a CA of tests",
    )
    openssl(
        "req", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", request,
        "-subj", "/CN=localhost",
    )
    pathlib.Path(names).write_text("subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\n")
    openssl(
        "x509", "-req", "-in", request, "-CA", ca, "-CAkey", ca_key, "-CAcreateserial",
        "-out", certificate, "-days", "1", "-extfile", names,
    )
    openssl("genrsa", "-out", signing, "2048")
    modulus = openssl("rsa", "-in", signing, "-noout", "-modulus").decode().strip().split("=")[1]

    documents = {}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            document = documents.get(self.path)
            self.send_response(200 if document else 404)
            body = json.dumps(document or {}).encode()
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    issuer = f"https://localhost:{server.server_port}"
    documents["/.well-known/openid-configuration"] = {"issuer": issuer, "jwks_uri": f"{issuer}/keys"}
    documents["/keys"] = {
        "keys": [
            {
                "kty": "RSA", "kid": "one", "use": "sig", "alg": "RS256", "e": "AQAB",
                "n": encoded(bytes.fromhex(modulus)),
            }
        ]
    }
    now = int(time.time())
    claims = {
        "iss": issuer, "aud": "sts.amazonaws.com", "sub": "repo:acme/app:ref:refs/heads/main",
        "iat": now, "nbf": now, "exp": now + 600, "jti": "1",
    }
    header = {"alg": "RS256", "kid": "one", "typ": "JWT"}
    text = ".".join(encoded(json.dumps(part).encode()) for part in (header, claims))
    signature = openssl("dgst", "-sha256", "-sign", signing, data=text.encode())
    (folder / "token").write_text(f"{text}.{encoded(signature)}")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_port, flush=True)
    sys.stdin.read()


main()
