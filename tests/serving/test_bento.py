"""`bentoml build` works from bentofile.yaml, and what it builds serves, from its own copy of the code."""

import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from activity_log.clock import utc_now
from busflow.checks import wait_until_ready
from busflow.commands.running import serve_environment
from serving.access import TokenKeys

ROOT = Path(__file__).parents[2]
OF_THE_BENTO = "// the copy in the bento\n"


def bentoml(*arguments, **environment):
    command = [sys.executable, "-W", "ignore", "-m", "bentoml", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_what_bentoml_builds_serves(installation, tmp_path):
    from .conftest import free_port

    home = {**serve_environment(installation), "BENTOML_HOME": str(tmp_path / "bentoml")}
    built = bentoml("build", "--output", "tag", **home)
    assert built.returncode == 0, built.stderr
    tag = built.stdout.strip().rpartition("__tag__:")[2]
    source = next((tmp_path / "bentoml" / "bentos" / "busflow").glob("*/src"))
    kinds = {file.suffix for file in source.rglob("*") if file.is_file()}
    assert {".mako", ".html", ".css", ".js", ".svg", ".yaml", ".py"} <= kinds
    assert not (source / "training").exists()
    assert not (source / ".tools").exists()

    with (source / "serving" / "widget" / "source" / "element.js").open("a") as script:
        script.write(OF_THE_BENTO)

    port, log = free_port(), tmp_path / "bento.log"
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "bentoml", "serve", tag, "--host", "127.0.0.1", "--port", str(port)]
    with (
        log.open("wb") as out,
        subprocess.Popen(command, cwd=tmp_path, env=home, stdout=out, stderr=out) as process,
    ):
        try:
            wait_until_ready(address, process, log)
            assert OF_THE_BENTO in httpx.get(f"{address}/widget.js").text
            token = TokenKeys(installation.keys_dir).mint("nordlicht", "crm", now=utc_now())
            asked = httpx.post(
                f"{address}/recommend",
                json={"n": 3},
                headers={"Authorization": f"Bearer {token}"},
                timeout=30,
            )
            assert len(asked.json()["items"]) == 3
            for path in ("/widget.js", "/widget/demo", "/crm/static/crm.css"):
                assert httpx.get(address + path).status_code == 200
            assert httpx.get(f"{address}/crm", cookies={"busflow_crm": token}, timeout=30).status_code == 200
        finally:
            process.terminate()
