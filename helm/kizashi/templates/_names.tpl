{{/* Every name that the chart gives: RELEASE-COMPONENT. */}}

{{- define "kizashi.fullname" -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{/* Takes (list $ "component"). */}}
{{- define "kizashi.name" -}}
{{- printf "%s-%s" (include "kizashi.fullname" (index . 0)) (index . 1) -}}
{{- end -}}

{{- define "kizashi.secret" -}}
{{- .Values.secrets.existingSecret | default (include "kizashi.name" (list . "secrets")) -}}
{{- end -}}

{{- define "kizashi.databaseSecret" -}}
{{- if .Values.database.bundled.enabled -}}
{{- include "kizashi.secret" . -}}
{{- else -}}
{{- .Values.database.external.existingSecret | default (include "kizashi.secret" .) -}}
{{- end -}}
{{- end -}}

{{- define "kizashi.rayHead" -}}
{{- if eq .Values.ray.mode "external" -}}
{{- .Values.ray.external.address -}}
{{- else if eq .Values.ray.mode "kuberay" -}}
{{- printf "%s-head-svc:6379" (include "kizashi.name" (list . "ray")) -}}
{{- else -}}
{{- printf "%s:6379" (include "kizashi.name" (list . "ray-head")) -}}
{{- end -}}
{{- end -}}

{{- define "kizashi.storageUrl" -}}
{{- if .Values.storage.bundled.enabled -}}
s3://kizashi/site
{{- else -}}
{{- .Values.storage.external.url -}}
{{- end -}}
{{- end -}}

{{- define "kizashi.publicUrl" -}}
{{- if .Values.web.publicUrl -}}
{{- .Values.web.publicUrl -}}
{{- else if and .Values.web.ingress.enabled .Values.web.ingress.host -}}
https://{{ .Values.web.ingress.host }}
{{- else if and .Values.web.httpRoute.enabled .Values.web.httpRoute.hostnames -}}
https://{{ first .Values.web.httpRoute.hostnames }}
{{- end -}}
{{- end -}}

{{/* ---------------------------------------------------------------- labels */}}
{{- define "kizashi.selector" -}}
app.kubernetes.io/name: kizashi
app.kubernetes.io/instance: {{ (index . 0).Release.Name }}
{{- if gt (len .) 1 }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}
{{- end -}}

{{- define "kizashi.labels" -}}
{{- $ := index . 0 -}}
helm.sh/chart: {{ printf "%s-%s" $.Chart.Name $.Chart.Version | replace "+" "_" }}
app.kubernetes.io/version: {{ $.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $.Release.Service }}
app.kubernetes.io/part-of: kizashi
{{ include "kizashi.selector" . }}
{{- with $.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Takes (list $ "component"): name, namespace and labels of an object. */}}
{{- define "kizashi.metadata" -}}
name: {{ include "kizashi.name" . }}
namespace: {{ (index . 0).Release.Namespace }}
labels:
  {{- include "kizashi.labels" . | nindent 2 }}
{{- end -}}

{{/* ---------------------------------------------------------------- images */}}
{{/* Takes (list $ image). */}}
{{- define "kizashi.imageOf" -}}
{{- $ := index . 0 -}}
{{- $image := index . 1 -}}
{{- $registry := $.Values.global.imageRegistry | default $image.registry -}}
{{- $place := ternary (printf "%s/%s" $registry $image.repository) $image.repository (not (empty $registry)) -}}
{{- if $image.digest -}}
{{- printf "%s@%s" $place $image.digest -}}
{{- else -}}
{{- printf "%s:%s" $place ($image.tag | default $.Chart.AppVersion) -}}
{{- end -}}
{{- end -}}

{{- define "kizashi.image" -}}
{{- include "kizashi.imageOf" (list . .Values.image) -}}
{{- end -}}

{{- define "kizashi.pullSecrets" -}}
{{- with .Values.global.imagePullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end -}}
