"""What the manifests say: valid, hardened, and with settings that start a shop."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from lesson_app import create_app
from lesson_app.api.v1 import files
from tests.deploy.dockerfile import read_stages
from tests.deploy.environments import DEPLOY, SECRETS, read_kubernetes

MANIFESTS = sorted((DEPLOY / "kubernetes").glob("*.yaml"))
RESOURCES = {(one["kind"], one["metadata"]["name"]): one for one in read_kubernetes()}
CONFIG = RESOURCES["ConfigMap", "shop"]["data"]
SECRET = RESOURCES["Secret", "shop"]["stringData"]
FILLED_IN = {
    **dict.fromkeys(SECRET, ""),
    "SHOP_JWT_SECRET": SECRETS["SHOP_JWT_SECRET"],
    "SHOP_DATABASE_URL": "postgresql+asyncpg://shop:password@postgresql/shop",
    "SHOP_REDIS_URL": "redis://:password@redis/0",
    "SHOP_BROKER_URL": "amqp://shop:password@rabbitmq//",
}


def pod(kind: str, name: str) -> dict[str, Any]:
    """What a resource says of its pods."""
    spec = RESOURCES[kind, name]["spec"]
    spec = spec["jobTemplate"]["spec"] if kind == "CronJob" else spec
    return spec["template"]["spec"]


PODS = [key for key in RESOURCES if key[0] in ("Deployment", "Job", "CronJob")]
APP = pod("Deployment", "shop")
(CONTAINER,) = APP["containers"]


def test_the_manifests_are_valid():
    """Checked with the schemas of Kubernetes, unknown fields included."""
    validate = Path(sys.executable).with_name("kubernetes-validate")
    done = subprocess.run(
        [validate, "--strict", *MANIFESTS], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (done.stdout + done.stderr).count(" passed for resource ") == len(RESOURCES)


def test_its_variables_start_a_shop(settings_from):
    """What production requires is in the ConfigMap and the Secret, and no name is misspelt."""
    settings = settings_from(CONFIG | FILLED_IN)
    assert settings.environment == "production"
    assert not settings.create_tables
    create_app(settings)


def test_the_example_of_a_secret_is_refused(settings_from):
    """Nobody runs a shop with a secret that stands in a repository."""
    with pytest.raises(
        ValidationError, match="production needs SHOP_DATABASE_URL, SHOP_JWT_SECRET"
    ):
        settings_from(CONFIG | SECRET)
    assert {""} == set(SECRET.values())


@pytest.mark.parametrize("key", PODS, ids="/".join)
def test_a_pod_may_do_little(key: tuple[str, str]):
    """The user of the image, no capabilities, nothing to write on, no account of the cluster."""
    its = pod(*key)
    (container,) = its["containers"]
    assert its["securityContext"]["runAsNonRoot"]
    assert its["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    (user,) = (one.value for one in read_stages(DEPLOY / "Dockerfile")[-1] if one.name == "USER")
    who = its["securityContext"]
    assert user == f"{who['runAsUser']}:{who['runAsGroup']}"
    assert its["automountServiceAccountToken"] is False
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert "memory" in container["resources"]["limits"]
    assert {"cpu", "memory"} == set(container["resources"]["requests"])


@pytest.mark.parametrize("key", PODS, ids="/".join)
def test_every_pod_has_the_whole_environment(key: tuple[str, str]):
    """Audit 17.2: each of them builds `Settings`, which wants all of it."""
    (container,) = pod(*key)["containers"]
    sources = [{"configMapRef": {"name": "shop"}}, {"secretRef": {"name": "shop"}}]
    assert sources == container["envFrom"]


@pytest.mark.parametrize(
    ("probe", "path"),
    [("startupProbe", "/health"), ("livenessProbe", "/health"), ("readinessProbe", "/ready")],
)
def test_probes_ask_the_shop_by_its_name(probe: str, path: str):
    """Without the header, `SHOP_ALLOWED_HOSTS` refuses a request to the pod's own address."""
    asks = CONTAINER[probe]["httpGet"]
    assert path == asks["path"]
    assert [{"name": "Host", "value": CONFIG["SHOP_ALLOWED_HOSTS"]}] == asks["httpHeaders"]
    (port,) = CONTAINER["ports"]
    assert (port["name"], port["containerPort"]) == ("http", 8000)


@pytest.mark.parametrize("probe", ["startupProbe", "livenessProbe", "readinessProbe"])
def test_probes_ask_what_the_shop_has(probe: str):
    """The path of the probe is one of the routes."""
    assert CONTAINER[probe]["httpGet"]["path"] in create_app().openapi()["paths"]


def test_a_pod_that_ends_answers_first():
    """Time for proxies to hear of it, then for open requests, then Kubernetes kills it."""
    (command,) = (
        one.command for one in read_stages(DEPLOY / "Dockerfile")[-1] if one.name == "CMD"
    )
    graceful = int(command[2].split("--timeout-graceful-shutdown ")[1])
    pre_stop = CONTAINER["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert pre_stop + graceful < APP["terminationGracePeriodSeconds"]


def test_a_release_takes_no_pod_away_first():
    """A new pod is ready before an old one ends, and a drained node leaves one."""
    rolling = RESOURCES["Deployment", "shop"]["spec"]["strategy"]["rollingUpdate"]
    assert rolling["maxUnavailable"] == 0
    least = RESOURCES["HorizontalPodAutoscaler", "shop"]["spec"]["minReplicas"]
    assert RESOURCES["PodDisruptionBudget", "shop"]["spec"]["minAvailable"] < least
    # A number here would undo what the autoscaler decided.
    assert "replicas" not in RESOURCES["Deployment", "shop"]["spec"]


def test_the_pods_together_fit_into_the_database():
    """PostgreSQL allows 100 connections by default."""
    most = RESOURCES["HorizontalPodAutoscaler", "shop"]["spec"]["maxReplicas"]
    each = int(CONFIG["SHOP_DATABASE_POOL_SIZE"]) + int(CONFIG["SHOP_DATABASE_MAX_OVERFLOW"])
    assert most * each < 100


@pytest.mark.parametrize(
    ("selecting", "selector"),
    [
        (("Deployment", "shop"), ("selector", "matchLabels")),
        (("PodDisruptionBudget", "shop"), ("selector", "matchLabels")),
        (("Service", "shop"), ("selector",)),
    ],
)
def test_what_selects_pods_finds_those_of_the_app(selecting, selector):
    """Each label that it wants is one that they have."""
    wanted = RESOURCES[selecting]["spec"]
    for step in selector:
        wanted = wanted[step]
    labels = RESOURCES["Deployment", "shop"]["spec"]["template"]["metadata"]["labels"]
    assert labels | wanted == labels
    worker = RESOURCES["Deployment", "shop-worker"]["spec"]["template"]["metadata"]["labels"]
    assert worker | wanted != worker


def test_the_ingress_lets_through_what_the_shop_takes(settings_from):
    """The largest upload passes, and events are not kept back in a buffer."""
    ingress = RESOURCES["Ingress", "shop"]
    says = {
        name.removeprefix("nginx.ingress.kubernetes.io/"): value
        for name, value in ingress["metadata"]["annotations"].items()
    }
    largest = settings_from(CONFIG | FILLED_IN).upload_max_bytes + files.FORM_BYTES
    allowed = int(says["proxy-body-size"].removesuffix("m")) * 2**20
    assert largest <= allowed < largest + 2**20
    assert says["proxy-buffering"] == "off"
    (rule,) = ingress["spec"]["rules"]
    assert CONFIG["SHOP_ALLOWED_HOSTS"] == rule["host"]


def test_who_is_believed_is_who_can_call():
    """X-Forwarded- headers count from the network of the pods, which the policy closes."""
    assert CONFIG["FORWARDED_ALLOW_IPS"] != "*"
    policy = RESOURCES["NetworkPolicy", "shop"]["spec"]
    assert policy["podSelector"]["matchLabels"] == {"app.kubernetes.io/name": "shop"}
    ((source,),) = (rule["from"] for rule in policy["ingress"])
    namespace = {"kubernetes.io/metadata.name": "ingress-nginx"}
    assert namespace == source["namespaceSelector"]["matchLabels"]
