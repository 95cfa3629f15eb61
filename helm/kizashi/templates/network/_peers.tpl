{{/* Peers and ports of the network policies. */}}

{{/* Takes (list $ component …): pods of the release. */}}
{{- define "kizashi.peers" -}}
{{- $ := index . 0 -}}
- podSelector:
    matchLabels:
      {{- include "kizashi.selector" (list $) | nindent 6 }}
    matchExpressions:
      - key: app.kubernetes.io/component
        operator: In
        values: {{ rest . | toJson }}
{{- end -}}

{{/* Networks, never with the metadata of a cloud's machine in them. */}}
{{- define "kizashi.networks" -}}
{{- range . }}
- ipBlock:
    cidr: {{ . }}
    {{- if eq . "0.0.0.0/0" }}
    except: [169.254.169.254/32]
    {{- else if eq . "::/0" }}
    except: ["fd00:ec2::254/128"]
    {{- end }}
{{- end }}
{{- end -}}

{{- define "kizashi.toDns" -}}
- to:
    {{- toYaml .Values.networkPolicy.dns.to | nindent 4 }}
  ports:
    - {protocol: UDP, port: 53}
    - {protocol: TCP, port: 53}
{{- end -}}

{{- define "kizashi.toDatabase" -}}
- to:
    {{- if .Values.database.bundled.enabled }}
    {{- include "kizashi.peers" (list . "postgres") | nindent 4 }}
    {{- else }}
    {{- include "kizashi.networks" .Values.database.external.cidrs | nindent 4 }}
    {{- end }}
  ports:
    - {protocol: TCP, port: {{ ternary 5432 (int .Values.database.external.port) .Values.database.bundled.enabled }}}
{{- end -}}

{{- define "kizashi.toStorage" -}}
- to:
    {{- if .Values.storage.bundled.enabled }}
    {{- include "kizashi.peers" (list . "objects") | nindent 4 }}
    {{- else }}
    {{- include "kizashi.networks" .Values.storage.external.cidrs | nindent 4 }}
    {{- end }}
  ports:
    - {protocol: TCP, port: {{ ternary 8333 (int .Values.storage.external.port) .Values.storage.bundled.enabled }}}
{{- if .Values.networkPolicy.podIdentity }}
- to:
    - ipBlock: {cidr: 169.254.170.23/32}
    - ipBlock: {cidr: "fd00:ec2::23/128"}
  ports:
    - {protocol: TCP, port: 80}
{{- end }}
{{- end -}}

{{- define "kizashi.toApiServer" -}}
- to:
    {{- include "kizashi.networks" .Values.networkPolicy.apiServerCidrs | nindent 4 }}
  ports:
    - {protocol: TCP, port: 443}
    - {protocol: TCP, port: 6443}
{{- end -}}

{{/* Who the nodes of Ray are: each speaks with each. */}}
{{- define "kizashi.rayPeers" -}}
{{- if eq .Values.ray.mode "external" }}
{{- include "kizashi.peers" (list . "web" "worker") }}
{{ toYaml .Values.ray.external.peers }}
{{- else }}
{{- include "kizashi.peers" (list . "web" "worker" "ray-head" "ray-worker") }}
{{- end }}
{{- end -}}

{{- define "kizashi.rayPorts" -}}
- {protocol: TCP, port: 8076}
- {protocol: TCP, port: 8077}
- {protocol: TCP, port: 8078}
- {protocol: TCP, port: 52365}
- {protocol: TCP, port: 10002, endPort: 10100}
{{- end -}}

{{- define "kizashi.toRay" -}}
- to:
    {{- include "kizashi.rayPeers" . | nindent 4 }}
  ports:
    {{- include "kizashi.rayPorts" . | nindent 4 }}
    {{- if eq .Values.ray.mode "external" }}
    - {protocol: TCP, port: {{ last (splitList ":" .Values.ray.external.address) }}}
    {{- else }}
    - {protocol: TCP, port: 6379}
    {{- end }}
{{- end -}}

{{/* Takes (list $ port). */}}
{{- define "kizashi.fromMetrics" -}}
- from:
    {{- toYaml (index . 0).Values.networkPolicy.metrics.from | nindent 4 }}
  ports:
    - {protocol: TCP, port: {{ index . 1 }}}
{{- end -}}

{{/* Takes (list $ component): kind, names and selector of a policy. */}}
{{- define "kizashi.policy" -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  {{- include "kizashi.metadata" . | nindent 2 }}
spec:
  podSelector:
    matchLabels:
      {{- include "kizashi.selector" . | nindent 6 }}
{{- end -}}
