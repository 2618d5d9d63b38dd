"""An XMPP client for tests: commands as JSON lines on stdin, events as JSON lines on stdout.

usage: xmpp_client.py JID PASSWORD PORT [resumable [silent]]
resumable: with stream management; silent: acknowledges nothing
commands: {"send": "<stanza/>"} and {"roundtrip": "any label"}, which a ping of the server answers
"""

import asyncio
import json
import sys

import slixmpp


def say(**event):
    print(json.dumps(event), flush=True)


class Client(slixmpp.ClientXMPP):
    def __init__(self, jid, password, flags):
        super().__init__(jid, password)
        self["feature_mechanisms"].unencrypted_plain = True
        self.register_plugin("xep_0199")
        if "resumable" in flags:
            self.register_plugin("xep_0198")
            if "silent" in flags:
                self["xep_0198"].send_ack = lambda *_: None
            self.add_event_handler("sm_enabled", lambda _: say(event="resumable"))
        self.add_event_handler("session_start", self.started)
        self.add_event_handler("message", lambda m: say(event="message", id=m["id"], type=m["type"], body=m["body"]))
        self.add_event_handler("failed_all_auth", lambda _: sys.exit("authentication failed"))

    def started(self, _):
        self.send_presence()
        say(event="started")

    async def obey(self, line):
        command = json.loads(line)
        if "send" in command:
            self.send_raw(command["send"])
        else:
            await self["xep_0199"].ping("localhost")
            say(event="roundtrip", label=command["roundtrip"])


async def main(jid, password, port, *flags):
    client = Client(jid, password, flags)
    client.connect(("127.0.0.1", int(port)), disable_starttls=True, force_starttls=False)
    reader = asyncio.StreamReader(limit=2**20)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        await client.obey(line)
    await client.disconnect()


asyncio.get_event_loop().run_until_complete(main(*sys.argv[1:]))
