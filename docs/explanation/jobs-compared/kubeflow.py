"""The two jobs as pipelines of Kubeflow, by a clock."""

import kfp
from kfp import dsl, kubernetes

PLACES = ["/data/readings", "/data/models", "/data/scores"]


@dsl.container_component
def detect(task: str):
    return dsl.ContainerSpec(
        image="registry.example/pumps:1",
        command=["python", "/detect.py"],
        args=[task, *PLACES],
    )


def placed(task: dsl.PipelineTask) -> None:
    kubernetes.mount_pvc(task, pvc_name="pumps", mount_path="/data")
    task.set_cpu_request("2").set_memory_request("4Gi").set_memory_limit("4Gi")
    task.set_retry(2).set_caching_options(False)


@dsl.pipeline(name="pumps-train")
def train():
    placed(detect(task="train"))


@dsl.pipeline(name="pumps-score")
def score():
    placed(detect(task="score"))


if __name__ == "__main__":
    client = kfp.Client(host="https://kubeflow.example", namespace="plant")
    experiment = client.create_experiment("pumps", namespace="plant")
    client.create_run_from_pipeline_func(train, experiment_id=experiment.experiment_id)
    for pipeline, clock in ((train, "0 0 3 * * 1"), (score, "0 5 * * * *")):
        package = f"{pipeline.name}.yaml"
        kfp.compiler.Compiler().compile(pipeline, package)
        client.create_recurring_run(
            experiment.experiment_id,
            pipeline.name,
            cron_expression=clock,
            pipeline_package_path=package,
            max_concurrency=1,
        )
