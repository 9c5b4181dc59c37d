# SPDX-License-Identifier: BSD-2-Clause
"""The gateway's pages over TLS, with its own or behind nginx, and whom Chromium believes."""

import base64
import datetime
import http.server
import json
import os
import shutil
import ssl
import subprocess
import threading

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

import gateway_process as process
import namespace
import pages
import web

HOST = "login.example.org"
OTHER = "elsewhere.example.org"
FOLDER = namespace.SCRATCH + "/tls"
POLICY = "/etc/chromium/policies/managed/passkeyd-tests.json"
RUN = "/run/passkey-gateway"
PROXIES = os.path.join(os.path.dirname(__file__), "..", "..", "..", "etc", "proxies")
PEM = serialization.Encoding.PEM


def certificate(name, issuer=None, key=None, hosts=()):
    """Good from yesterday to tomorrow; without an issuer an authority's own: itself and its key."""
    own = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now, day = datetime.datetime.now(datetime.timezone.utc), datetime.timedelta(days=1)
    made = (x509.CertificateBuilder().subject_name(subject)
            .issuer_name(issuer.subject if issuer else subject).public_key(own.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - day).not_valid_after(now + day)
            .add_extension(x509.BasicConstraints(not issuer, None), True))
    if hosts:
        made = made.add_extension(x509.SubjectAlternativeName(
            [x509.DNSName(host) for host in hosts]), False)
    return made.sign(key or own, hashes.SHA256()), own


class Authority:
    """One that Chromium is told to trust, by the policy of this host's administrator; the
    certificate of the hosts is in FOLDER."""

    def __init__(self):
        authority, key = certificate("authority of the tests")
        made, own = certificate(HOST, authority, key, (HOST, OTHER))
        os.makedirs(FOLDER, exist_ok=True)
        namespace.write(FOLDER + "/tls.crt", made.public_bytes(PEM).decode())
        namespace.write(FOLDER + "/tls.key", own.private_bytes(
            PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode(), 0o600)
        shutil.chown(FOLDER + "/tls.key", web.USER)
        self.policy = {"CACertificates": [base64.b64encode(
            authority.public_bytes(serialization.Encoding.DER)).decode()]}
        with open("/etc/hosts", encoding="utf-8") as file:
            known = file.read()
        namespace.write("/etc/hosts", known + f"127.0.0.1 {HOST} {OTHER}\n")
        self.trust()

    def trust(self, yes=True):
        namespace.write(POLICY, json.dumps(self.policy if yes else {}))

    @staticmethod
    def close():
        os.unlink(POLICY)
        shutil.rmtree(FOLDER)


class TlsSite(pages.Site):
    """Pages at https://login.example.org:PORT/passkey; nginx: behind it, as its example says."""

    def __init__(self, machine, nginx=False, more=""):  # pylint: disable=super-init-not-called
        self.machine, self.sockets, self.port = machine, (), process.free_port()
        self.origin = f"https://{HOST}:{self.port}"
        machine.configure(f"[gateway]\nuser = {web.USER}\n[rp default]\nid = example.org\n"
                          f"origins = {self.origin}\nbrowser-url = {self.origin}/passkey\n{more}")
        if nginx:
            os.makedirs(RUN, exist_ok=True)
            shutil.chown(RUN, web.USER)
            where = f"listen = unix:{RUN}/socket\ntrusted-proxies = unix\n"
        else:
            where = (f"tls-listen = 127.0.0.1:{self.port}\ntls-certificate = {FOLDER}/tls.crt\n"
                     f"tls-key = {FOLDER}/tls.key\n")
        namespace.write(web.CONFIG, f"[gateway]\n{where}")
        machine.start_daemon()
        self.start_gateway()
        if nginx:
            self.start_nginx()

    def start_nginx(self):
        with open(PROXIES + "/nginx.conf", encoding="utf-8") as file:
            server = file.read()
        for example, here in (("listen 443 ssl", f"listen 127.0.0.1:{self.port} ssl"),
                              ("www.example.org;", f"{HOST};"), ("/portal/", "/passkey/"),
                              ("/etc/ssl/certs/www.example.org.pem", FOLDER + "/tls.crt"),
                              ("/etc/ssl/private/www.example.org.key", FOLDER + "/tls.key")):
            assert example in server, example
            server = server.replace(example, here)
        path = FOLDER + "/nginx.conf"
        namespace.write(path, f"daemon off; master_process off; pid {FOLDER}/nginx.pid;\n"
                        f"error_log stderr notice;\nevents {{}}\nhttp {{\naccess_log off;\n"
                        f"client_body_temp_path {FOLDER}/body; proxy_temp_path {FOLDER}/proxy;\n"
                        f"fastcgi_temp_path {FOLDER}/f; uwsgi_temp_path {FOLDER}/u;\n"
                        f"scgi_temp_path {FOLDER}/s;\n{server}\n}}\n")
        started = self.machine.start(["nginx", "-p", FOLDER, "-c", path], stderr=subprocess.PIPE)
        process.Lines(started.stderr).wait(lambda line: "OS: " in line)


class Server:
    """Somebody's web server: answers(path) is the headers and the body of an answer."""

    def __init__(self, answers, host=OTHER, tls=True):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                headers, body = answers(self.path)
                self.send_response(200)
                for name, value in headers:
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(FOLDER + "/tls.crt", FOLDER + "/tls.key")
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = f"http{'s' if tls else ''}://{host}:{self.server.server_port}/"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
