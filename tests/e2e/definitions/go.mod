// The definitions of resources that others bring to a cluster, for the chart's objects of them.
module kizashi/tests/e2e/definitions

go 1.25.0

require (
	github.com/prometheus-operator/prometheus-operator v0.85.0
	github.com/ray-project/kuberay/ray-operator v1.6.1
	sigs.k8s.io/gateway-api v1.4.0
)
