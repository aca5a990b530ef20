"""Tests the files in deploy as far as that is possible without a container engine, and the kernel in the circumstances that they make."""
import os
import re
import shutil
import subprocess
import sys
import unittest

from jupyter_client.kernelspec import KernelSpecManager

from kernels import KERNEL_NAME

try:
    import jinja2
    import yaml
except ImportError:
    jinja2 = yaml = None

REPOSITORY = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
DEPLOY = os.path.join(REPOSITORY, "deploy")

# As in a container of compose.yaml: a user who is not root, and a root file system of which only home and /tmp can be written.
CONTAINER = """
mount --bind "$1" /mnt && mount -t tmpfs none /home && mkdir /home/jupyter && cp "$2" /home/jupyter && chown -R 10001 /home/jupyter &&
mount -t tmpfs none /tmp && mount -o remount,bind,ro / && ! touch /usr/written 2>/dev/null && cd /home/jupyter &&
exec setpriv --reuid 10001 --regid 10001 --clear-groups --no-new-privs --bounding-set=-all env -i PATH="$PATH" HOME=/home/jupyter /mnt/jupyter-csharp run "$(basename "$2")"
"""


def read(name):
    with open(os.path.join(DEPLOY, name)) as file:
        return file.read()


class Files(unittest.TestCase):
    @unittest.skipIf(yaml is None, "needs PyYAML")
    def test_the_manifests_fit_the_image(self):
        image = read("Dockerfile")
        user, home, port = re.search(r"--uid (\d+)", image)[1], re.search(r"VOLUME (\S+)", image)[1], re.search(r"EXPOSE (\d+)", image)[1]
        service = yaml.safe_load(read("compose.yaml"))["services"]["jupyter"]
        self.assertTrue(service["read_only"])
        self.assertTrue(service["ports"][0].endswith(f":{port}"))
        self.assertEqual([volume.split(":")[1] for volume in service["volumes"]], [home])
        manifests = {manifest["kind"]: manifest for manifest in yaml.safe_load_all(read("kubernetes.yaml"))}
        self.assertEqual(set(manifests), {"PersistentVolumeClaim", "Deployment", "Service"})
        pod = manifests["Deployment"]["spec"]["template"]["spec"]
        container = pod["containers"][0]
        self.assertEqual(str(pod["securityContext"]["runAsUser"]), user)
        self.assertEqual(str(container["ports"][0]["containerPort"]), port)
        self.assertEqual({mount["mountPath"] for mount in container["volumeMounts"]}, {home, "/tmp"})
        self.assertEqual({mount["name"] for mount in container["volumeMounts"]}, {volume["name"] for volume in pod["volumes"]})
        self.assertEqual(pod["volumes"][0]["persistentVolumeClaim"]["claimName"], manifests["PersistentVolumeClaim"]["metadata"]["name"])
        self.assertEqual(manifests["Service"]["spec"]["selector"], manifests["Deployment"]["spec"]["template"]["metadata"]["labels"])

    def test_what_the_image_copies_and_publishes_exists(self):
        image = read("Dockerfile")
        self.assertTrue(os.path.isdir(os.path.join(REPOSITORY, re.search(r"dotnet publish (\S+)", image)[1])))
        self.assertEqual(set(re.findall(r"COPY (?:--from=build )?(\S+)", image)), {".", "/opt/jupyter-csharp"})
        self.assertEqual(set(re.findall(r"FROM \S+(?: AS (\S+))?", image)), {"build", "kernel", ""})


    @unittest.skipIf(yaml is None or jinja2 is None, "needs PyYAML and Jinja2")
    def test_the_pod_of_a_gateways_kernel_is_a_manifest_with_and_without_the_clients_values(self):
        template = jinja2.Environment(trim_blocks=True, lstrip_blocks=True).from_string(read("kernel-pod.yaml.j2"))
        required = {name: name.replace("_", "-") for name in ("kernel_pod_name", "kernel_namespace", "kernel_id", "kernel_service_account_name", "kernel_image")}
        chosen = {"kernel_uid": "1001", "kernel_gid": "1002", "kernel_working_dir": "/data", "kernel_memory_limit": "8Gi", "kernel_cpus": 1,
                  "kernel_volume_mounts": [{"name": "data", "mountPath": "/data"}], "kernel_volumes": [{"name": "data", "emptyDir": {}}]}
        for values, user, memory, mounts in ({}, 10001, "2Gi", ["/home/jupyter", "/tmp"]), (chosen, 1001, "8Gi", ["/home/jupyter", "/tmp", "/data"]):
            with self.subTest(values):
                pod = yaml.safe_load(template.render(**required, **values))
                container = pod["spec"]["containers"][0]
                self.assertEqual((pod["kind"], pod["metadata"]["name"], container["image"]), ("Pod", "kernel-pod-name", "kernel-image"))
                self.assertEqual(pod["spec"]["securityContext"]["runAsUser"], user)
                self.assertEqual(container["resources"]["limits"]["memory"], memory)
                self.assertEqual([mount["mountPath"] for mount in container["volumeMounts"]], mounts)
                self.assertEqual({mount["name"] for mount in container["volumeMounts"]}, {volume["name"] for volume in pod["spec"]["volumes"]})


class Circumstances(unittest.TestCase):
    def test_the_kernel_works_for_another_user_on_a_root_file_system_that_is_read_only(self):
        if not sys.platform.startswith("linux") or os.geteuid() != 0 or subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode:
            self.skipTest("needs root and mount namespaces")
        program = os.path.dirname(os.path.realpath(shutil.which(KernelSpecManager().get_kernel_spec(KERNEL_NAME).argv[0])))
        if os.path.exists(os.path.join(program, "jupyter-csharp.dll")) and not os.path.isdir("/usr/share/dotnet"):
            self.skipTest("a managed program does not find .NET without its variable")
        ended = subprocess.run(["unshare", "--mount", "sh", "-c", CONTAINER, "sh", program, os.path.join(REPOSITORY, "samples", "tour.ipynb")],
                               stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
        self.assertEqual(ended.returncode, 0, ended.stderr)
        self.assertIn("\n42\n", ended.stdout)
        self.assertFalse(os.path.exists("/usr/written"))
