"""A proxy in front of a site that does what many do: it collects an answer before it hands it on."""
import copy
import subprocess

from support.stack import wait_until
from support.site import Visitor

CONFIGURATION = """
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://127.0.0.1:{behind};
            proxy_set_header Host $http_host;
            proxy_buffering on;
            proxy_ignore_headers X-Accel-Buffering;
        }}
    }}
}}
"""


class HoldingProxy:
    """`site` is what visitors see."""

    def __init__(self, stack, server, settings, folder):
        port = stack.free_port()
        self.behind = stack.start(server, {**settings, "GATEHOUSE_SITE_URL": f"http://127.0.0.1:{port}"})
        path = folder / "proxy.conf"
        path.write_text(CONFIGURATION.format(folder=folder, port=port, behind=self.behind.port))
        self.process = subprocess.Popen(["/usr/sbin/nginx", "-e", folder / "error.log", "-c", path])
        self.site = copy.copy(self.behind)
        self.site.port, self.site.url = port, f"http://127.0.0.1:{port}"

        def answers():
            try:
                return Visitor(self.site).get("/health").status == 200
            except OSError:
                return False
        assert wait_until(answers, 10)

    def stop(self):
        self.process.terminate()
        self.process.wait(10)
        self.behind.stop()
