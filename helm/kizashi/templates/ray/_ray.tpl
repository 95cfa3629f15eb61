{{/* Ports of every node of Ray: its head, its workers, and the pods of `web` and `worker`, which join
     it without processors of their own. */}}
{{- define "kizashi.rayNodePorts" -}}
- {name: ray-objects, containerPort: 8076}
- {name: ray-node, containerPort: 8077}
- {name: ray-agent-grpc, containerPort: 8078}
- {name: ray-agent, containerPort: 52365}
# The first of the ports of Ray's own processes, up to 10100.
- {name: ray-processes, containerPort: 10002}
{{- end -}}

{{/* Takes (list $ own): shared memory, home and the rest, of a pod that only computes. */}}
{{- define "kizashi.rayVolumes" -}}
- name: home
  emptyDir: {}
{{ include "kizashi.volumes" (list (index . 0) "ray") }}
- name: shared-memory
  emptyDir:
    medium: Memory
    sizeLimit: {{ (index . 1).sharedMemory }}
{{- end -}}

{{/* Takes (list $ role own): the container of Ray, the same with KubeRay and without. */}}
{{- define "kizashi.rayContainer" -}}
{{- $ := index . 0 -}}
{{- $role := index . 1 -}}
{{- $own := index . 2 -}}
name: {{ $role }}
image: {{ include "kizashi.image" $ }}
imagePullPolicy: {{ $.Values.image.pullPolicy }}
command: [kizashi]
args: [run, {{ $role }}]
ports:
  {{- if eq $role "ray-head" }}
  - {name: gcs-server, containerPort: 6379}
  {{- end }}
  {{- include "kizashi.rayNodePorts" $ | nindent 2 }}
  - {name: metrics, containerPort: 9463}
env:
  {{- include "kizashi.env" $ | nindent 2 }}
  {{- if and (eq $role "ray-worker") $.Values.ray.online }}
  {{- include "kizashi.databaseEnv" $ | nindent 2 }}
  {{- end }}
  {{- include "kizashi.storageEnv" $ | nindent 2 }}
  {{- include "kizashi.rayEnv" $ | nindent 2 }}
  {{- with $.Values.ray.extraEnv }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
envFrom:
  {{- include "kizashi.envFrom" $ | nindent 2 }}
{{ include "kizashi.probes" "metrics" }}
resources:
  {{- toYaml $own.resources | nindent 2 }}
securityContext:
  {{- include "kizashi.containerSecurity" $ | nindent 2 }}
volumeMounts:
  {{- include "kizashi.mounts" $ | nindent 2 }}
  - name: shared-memory
    mountPath: /dev/shm
{{- end -}}

{{/* A worker group as it is placed: what `spot` adds is in it. */}}
{{- define "kizashi.rayGroup" -}}
{{- $ := index . 0 -}}
{{- $group := deepCopy (index . 1) -}}
{{- if $group.spot -}}
{{- $spot := $.Values.ray.spot -}}
{{- $_ := set $group "nodeSelector" (merge (dict) ($group.nodeSelector | default dict) $spot.nodeSelector) -}}
{{- $_ := set $group "tolerations" (concat ($group.tolerations | default list) $spot.tolerations) -}}
{{- end -}}
{{- $_ := set $group "podLabels" (dict "kizashi.dev/ray-group" $group.name) -}}
{{- $_ := set $group "sharedMemory" ($group.sharedMemory | default "1Gi") -}}
{{- toYaml $group -}}
{{- end -}}

{{/* Takes (list $ role own): the pod of Ray. */}}
{{- define "kizashi.rayPod" -}}
{{- $ := index . 0 -}}
{{- $role := index . 1 -}}
{{- $own := index . 2 -}}
metadata:
  {{- include "kizashi.podMetadata" (list $ $role $own) | nindent 2 }}
spec:
  serviceAccountName: {{ include "kizashi.name" (list $ "ray") }}
  automountServiceAccountToken: false
  enableServiceLinks: false
  {{- include "kizashi.pullSecrets" $ | nindent 2 }}
  terminationGracePeriodSeconds: {{ $.Values.ray.terminationGracePeriodSeconds }}
  securityContext:
    {{- include "kizashi.podSecurity" nil | nindent 4 }}
  {{- include "kizashi.placement" (list $ $own) | nindent 2 }}
  {{- if eq $role "ray-worker" }}
  {{- include "kizashi.spread" (list $ $role $.Values.ray.topologySpreadConstraints) | nindent 2 }}
  {{- end }}
  containers:
    - {{- include "kizashi.rayContainer" . | nindent 6 }}
  volumes:
    {{- include "kizashi.rayVolumes" (list $ $own) | nindent 4 }}
{{- end -}}
