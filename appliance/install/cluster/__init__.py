"""The platform in a Kubernetes: kind, EKS, or whatever a context of kubectl points to.

`plan` says what is asked for, `calling` runs the programs of others (helm, kubectl, kind,
docker, aws), `doing` holds the steps.  Nothing here speaks to a cluster but by those programs,
except `hook`, which runs in a pod that has none of them.
"""
