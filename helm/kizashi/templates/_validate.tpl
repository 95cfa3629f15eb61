{{/* What the schema cannot tell: values that do not go together, each refused with a sentence. */}}

{{- define "kizashi.validate" -}}
{{- $v := .Values -}}
{{- if and (eq $v.image.tag "latest") (not $v.image.digest) -}}
{{- fail "image.tag is latest, which is another image every day. Name a version or a digest." -}}
{{- end -}}
{{- if and (not $v.storage.bundled.enabled) (not $v.storage.external.url) -}}
{{- fail "There is nowhere to keep readings and models. Set storage.external.url to s3://BUCKET/PREFIX, or storage.bundled.enabled to true." -}}
{{- end -}}
{{- if and $v.storage.bundled.enabled $v.storage.external.url -}}
{{- fail "storage.external.url is set while storage.bundled.enabled is true. Set the latter to false to use the former." -}}
{{- end -}}
{{- if and $v.database.bundled.enabled $v.database.external.existingSecret -}}
{{- fail "database.external.existingSecret is set while database.bundled.enabled is true. Set the latter to false to use the former." -}}
{{- end -}}
{{- if and (not $v.database.bundled.enabled) (not $v.database.external.existingSecret) (not $v.secrets.existingSecret) $v.secrets.job.enabled -}}
{{- fail "The database is external, but nothing says where. Set database.external.existingSecret to a Secret with the keys database-url and registry-url." -}}
{{- end -}}
{{- $sticky := or $v.web.stickyIngress (eq $v.web.service.sessionAffinity "ClientIP") -}}
{{- if and (or $v.web.autoscaling.enabled (gt (int $v.web.replicas) 1)) (not $sticky) -}}
{{- fail "Several web pods need a browser to come back to the same one. Set web.service.sessionAffinity to ClientIP, or make the ingress sticky and say so with web.stickyIngress." -}}
{{- end -}}
{{- if and $v.web.autoscaling.enabled (gt (int $v.web.autoscaling.minReplicas) (int $v.web.autoscaling.maxReplicas)) -}}
{{- fail "web.autoscaling.minReplicas is greater than maxReplicas." -}}
{{- end -}}
{{- if and $v.notebooks.enabled $v.web.tls.existingSecret (not $v.notebooks.url) -}}
{{- fail "notebooks.enabled with web.tls.existingSecret: set notebooks.url to a name that the certificate is for, as the pods' own names are not in it." -}}
{{- end -}}
{{- if and $v.web.httpRoute.enabled (not $v.web.httpRoute.parentRefs) -}}
{{- fail "web.httpRoute needs a Gateway in web.httpRoute.parentRefs." -}}
{{- end -}}
{{- if and $v.web.ingress.tlsSecret (not $v.web.ingress.host) -}}
{{- fail "web.ingress.tlsSecret needs web.ingress.host: the certificate is for a name." -}}
{{- end -}}
{{- include "kizashi.validateRay" . -}}
{{- include "kizashi.validateKinds" . -}}
{{- end -}}

{{- define "kizashi.validateRay" -}}
{{- $v := .Values -}}
{{- if and (eq $v.ray.mode "external") (not $v.ray.external.address) -}}
{{- fail "ray.mode is external, but ray.external.address is empty. Set it to HOST:PORT of that Ray." -}}
{{- end -}}
{{- if and (eq $v.ray.mode "external") $v.networkPolicy.enabled (not $v.ray.external.peers) -}}
{{- fail "ray.mode is external: name that Ray's nodes in ray.external.peers, as the network policies let nobody else speak with the workers." -}}
{{- end -}}
{{- if and (ne $v.ray.mode "external") (not $v.ray.workers) -}}
{{- fail "ray.workers is empty: somebody has to do the work." -}}
{{- end -}}
{{- $seen := dict -}}
{{- range $v.ray.workers -}}
{{- if hasKey $seen .name -}}
{{- fail (printf "ray.workers has two groups called %s." .name) -}}
{{- end -}}
{{- if eq .name "head" -}}
{{- fail "A group of ray.workers cannot be called head: that name is taken." -}}
{{- end -}}
{{- $_ := set $seen .name true -}}
{{- if and (eq $v.ray.mode "kuberay") .max (gt (int .min) (int .max)) -}}
{{- fail (printf "The group %s of ray.workers has a min above its max." .name) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "kizashi.validateKinds" -}}
{{- $v := .Values -}}
{{- if $v.checks.crds -}}
{{- $wanted := list -}}
{{- if eq $v.ray.mode "kuberay" }}{{ $wanted = append $wanted (list "ray.io/v1" "ray.mode is kuberay" "Install the KubeRay operator (1.6 or later), or set ray.mode to plain") }}{{ end -}}
{{- if $v.monitoring.podMonitor.enabled }}{{ $wanted = append $wanted (list "monitoring.coreos.com/v1" "monitoring.podMonitor is enabled" "Install the Prometheus operator, or disable it") }}{{ end -}}
{{- if $v.monitoring.rules.enabled }}{{ $wanted = append $wanted (list "monitoring.coreos.com/v1" "monitoring.rules is enabled" "Install the Prometheus operator, or disable it") }}{{ end -}}
{{- if $v.web.httpRoute.enabled }}{{ $wanted = append $wanted (list "gateway.networking.k8s.io/v1" "web.httpRoute is enabled" "Install the Gateway API, or use web.ingress") }}{{ end -}}
{{- range $wanted -}}
{{- if not ($.Capabilities.APIVersions.Has (index . 0)) -}}
{{- fail (printf "%s, but the cluster does not know %s. %s; where the chart is rendered without a cluster, set checks.crds to false." (index . 1) (index . 0) (index . 2)) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
