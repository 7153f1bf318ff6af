"""A hub on this machine that speaks the endpoints that `huggingface_hub` uses, and that a test can let fail."""

import base64
import hashlib
import json
import re
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import unquote

TOKEN = "hf_good"
Files = dict[str, bytes]


@dataclass
class Repository:
    """Files by commit, and the commit of every branch."""

    private: bool = False
    commits: dict[str, Files] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)

    def commit(self, files: Files, branch: str = "main") -> str:
        whole = self.commits.get(self.branches.get(branch, ""), {}) | files
        content = b"".join(name.encode() + hashlib.sha256(data).digest() for name, data in sorted(whole.items()))
        found = hashlib.sha1(content + str(len(self.commits)).encode()).hexdigest()
        self.commits[found] = whole
        self.branches[branch] = found
        return found

    def resolved(self, revision: str) -> str | None:
        return self.branches.get(revision, revision if revision in self.commits else None)


class Hub:
    """The hub at ``url``.

    ``cut`` is the byte at which every download of weights breaks off; uploads then get no answer. ``status`` is what
    everything is answered with. Neither is set at first. ``asked`` are the requests so far.
    """

    def __init__(self) -> None:
        self.repositories: dict[str, Repository] = {}
        self.objects: dict[str, bytes] = {}
        self.cut: int | None = None
        self.status: int | None = None
        self.asked: list[str] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": self}))
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def put(self, name: str, files: Files, branch: str = "main", private: bool = False) -> str:
        """Commit ``files`` to the repository ``name``; returns the hash."""
        repository = self.repositories.setdefault(name, Repository(private))
        return repository.commit(files, branch)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def do_PUT(self) -> None:
        self._answer()

    def _answer(self) -> None:
        path = self.path.partition("?")[0]
        self.body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.hub.asked.append(f"{self.command} {path}")
        if self.hub.status is not None:
            self._send(self.hub.status)
            return
        for pattern, answer in _ROUTES:
            if found := re.fullmatch(pattern, f"{self.command} {path}"):
                answer(self, *(part and unquote(part) for part in found.groups()))
                return
        self._send(404)

    @property
    def may_write(self) -> bool:
        return self.headers.get("Authorization") == f"Bearer {TOKEN}"

    def _send(self, status: int, data: object = None, content: bytes | None = None, **headers: str) -> None:
        body = json.dumps(data or {}).encode() if content is None else content
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _found(self, name: str, revision: str) -> tuple[Repository, str] | None:
        """The repository and the commit, or None after an answer that says what is missing."""
        repository = self.hub.repositories.get(name)
        if repository is None or (repository.private and not self.may_write):
            self._send(404, X_Error_Code="RepoNotFound", X_Error_Message="Repository not found")
            return None
        commit = repository.resolved(revision)
        if commit is None:
            self._send(404, X_Error_Code="RevisionNotFound", X_Error_Message=f"Invalid rev id: {revision}")
            return None
        return repository, commit

    def _info(self, name: str, revision: str | None) -> None:
        if found := self._found(name, revision or "main"):
            repository, commit = found
            siblings = [{"rfilename": file} for file in sorted(repository.commits[commit])]
            self._send(200, {"id": name, "sha": commit, "private": repository.private, "siblings": siblings})

    def _file(self, name: str, revision: str, path: str) -> None:
        if not (found := self._found(name, revision)):
            return
        repository, commit = found
        content = repository.commits[commit].get(path)
        if content is None:
            self._send(404, X_Error_Code="EntryNotFound")
            return
        oid = hashlib.sha256(content).hexdigest()
        if not path.endswith(".safetensors"):
            self._send(200, content=content, ETag=f'"{oid}"', X_Repo_Commit=commit)
            return
        self.hub.objects[oid] = content  # large files are on another host
        place = {
            "Location": f"{self.hub.url.replace('127.0.0.1', 'localhost')}/cdn/{oid}",
            "X_Linked_Size": str(len(content)),
        }
        self._send(302, **place, X_Linked_ETag=f'"{oid}"', X_Repo_Commit=commit)

    def _object(self, oid: str) -> None:
        content, end = self.hub.objects[oid], self.hub.cut
        start = int((self.headers.get("Range") or "bytes=0-").removeprefix("bytes=").rstrip("-"))
        if end is None:
            self._send(206 if start else 200, content=content[start:])
            return
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        self.wfile.write(content[start:end])
        self.close_connection = True

    def _create(self) -> None:
        if not self.may_write:
            self._send(401, {"error": "Invalid username or password."})
            return
        given = json.loads(self.body)
        name = f"{given['organization']}/{given['name']}"
        if name in self.hub.repositories:
            self._send(409, {"error": "You already created this model repo", "url": f"{self.hub.url}/{name}"})
            return
        self.hub.repositories[name] = Repository(given.get("visibility") == "private")
        self.hub.put(name, {".gitattributes": b"*.safetensors filter=lfs diff=lfs merge=lfs -text\n"})
        self._send(200, {"url": f"{self.hub.url}/{name}", "id": name})

    def _validate(self) -> None:
        text = json.loads(self.body)["content"]
        wrong = [] if "license: bad" not in text else [{"message": '"license" must be one of [apache-2.0, mit, …]'}]
        self._send(400 if wrong else 200, {"errors": wrong, "warnings": []})

    def _preupload(self, name: str, revision: str) -> None:
        files = json.loads(self.body)["files"]
        modes = {True: "lfs", False: "regular"}
        self._send(
            200,
            {
                "files": [
                    {"path": file["path"], "uploadMode": modes[file["path"].endswith(".safetensors")],
                     "shouldIgnore": False}
                    for file in files
                ]
            },
        )  # fmt: skip

    def _batch(self, name: str) -> None:
        objects = [
            each | {"actions": {"upload": {"href": f"{self.hub.url}/lfs/{each['oid']}"}}}
            for each in json.loads(self.body)["objects"]
        ]
        self._send(200, {"transfer": "basic", "objects": objects})

    def _store(self, oid: str) -> None:
        if self.hub.cut is not None:
            self.close_connection = True
            return
        self.hub.objects[oid] = self.body
        self._send(200)

    def _commit(self, name: str, branch: str) -> None:
        files: Files = {}
        for line in self.body.decode().splitlines():
            entry = json.loads(line)
            value = entry["value"]
            if entry["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            if entry["key"] == "lfsFile":
                files[value["path"]] = self.hub.objects[value["oid"]]
        made = self.hub.put(name, files, branch)
        self._send(200, {"commitUrl": f"{self.hub.url}/{name}/commit/{made}", "commitOid": made})


_NAME = r"([\w.-]+/[\w.-]+)"
_ROUTES = [
    (rf"GET /api/models/{_NAME}(?:/revision/(.+))?", _Handler._info),
    (rf"(?:GET|HEAD) /{_NAME}/resolve/([^/]+)/(.+)", _Handler._file),
    (r"GET /cdn/(\w+)", _Handler._object),
    (r"POST /api/repos/create", _Handler._create),
    (r"POST /api/validate-yaml", _Handler._validate),
    (rf"POST /api/models/{_NAME}/preupload/(.+)", _Handler._preupload),
    (rf"POST /{_NAME}\.git/info/lfs/objects/batch", _Handler._batch),
    (r"PUT /lfs/(\w+)", _Handler._store),
    (rf"POST /api/models/{_NAME}/commit/(.+)", _Handler._commit),
]
