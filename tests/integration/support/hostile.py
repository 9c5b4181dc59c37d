# SPDX-License-Identifier: BSD-2-Clause
"""A hostile ssh server that relays what the real one asks, and signs in with what comes back.

Both sides are made with paramiko: it is the server that the person has connected to, and a client
of the real sshd. It never signs anything itself.
"""

import queue
import socket
import threading

import paramiko

import machine as parts


class Front(paramiko.ServerInterface):
    """The server side, to which the person has connected."""

    def __init__(self, relay):
        self.relay = relay

    def get_allowed_auths(self, username):
        return "keyboard-interactive"

    def check_auth_interactive(self, username, submethods):
        return self.question(self.relay.begin())

    def question(self, text):
        """None: the real server has decided."""
        if text is None:
            return paramiko.AUTH_FAILED
        return paramiko.InteractiveQuery("", "", (text, True))

    def check_auth_interactive_response(self, responses):
        return self.question(self.relay.answer(self.relay.spoil(responses[0])))


class Relay:
    """Listens on an address for one person after the other; the target is the real sshd."""

    def __init__(self, address, port, key_path, target=("127.0.0.1", 22), user="alice"):
        self.key = paramiko.Ed25519Key.from_private_key_file(key_path)
        self.target, self.user = target, user
        self.questions, self.answers = queue.Queue(), queue.Queue()
        self.stolen = []  # what the person's client gave away
        self.prompts = []  # what the real server asked
        self.inside = None  # whether the relay got in
        self.rewrite = lambda text: text  # of the question, on its way to the person
        self.spoil = lambda text: text  # of the answer, on its way to the real server
        self.listener = socket.create_server((address, port))
        self.listener.settimeout(parts.PATIENCE)
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                connection = self.listener.accept()[0]
            except OSError:
                return
            transport = paramiko.Transport(connection)
            transport.add_server_key(self.key)
            try:
                transport.start_server(server=Front(self))
            except (paramiko.SSHException, EOFError):
                continue

    # The client side: the real server's questions, one after the other.

    def begin(self):
        self.questions, self.answers = queue.Queue(), queue.Queue()
        threading.Thread(target=self._sign_in, args=(self.questions, self.answers),
                         daemon=True).start()
        return self._next()

    def answer(self, text):
        self.stolen.append(text)
        self.answers.put(text)
        return self._next()

    def _next(self):
        text = self.questions.get(timeout=parts.PATIENCE)
        return None if text is None else self.rewrite(text)

    def _sign_in(self, questions, answers):
        def handler(_title, _instructions, prompts):
            for text, _echo in prompts:
                self.prompts.append(text)
                questions.put(text)
            return [answers.get(timeout=parts.PATIENCE) for _ in prompts]

        self.inside = sign_in(self.target, self.user, handler)
        questions.put(None)

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
        self.listener.close()


def sign_in(target, user, handler):
    """Whether keyboard-interactive lets user in; handler as paramiko's auth_interactive has it."""
    transport = paramiko.Transport(socket.create_connection(target))
    try:
        transport.start_client(timeout=parts.PATIENCE)
        transport.auth_interactive(user, handler)
        return transport.is_authenticated()
    except (paramiko.SSHException, EOFError):
        return False
    finally:
        transport.close()
