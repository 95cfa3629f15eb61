{{/* What pods have in common. */}}

{{- define "kizashi.podSecurity" -}}
{{- $id := . | default 10001 -}}
runAsNonRoot: true
runAsUser: {{ $id }}
runAsGroup: {{ $id }}
fsGroup: {{ $id }}
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "kizashi.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
runAsNonRoot: true
privileged: false
capabilities:
  drop: [ALL]
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{/* Only what follows from the values: a random part would restart pods at every rendering. */}}
{{- define "kizashi.checksum" -}}
checksum/settings: {{ printf "%s%s" (include "kizashi.settings" .) (toYaml .Values.prices) | sha256sum }}
{{- end -}}

{{/* Takes (list $ component values-of-component). */}}
{{- define "kizashi.podMetadata" -}}
{{- $ := index . 0 -}}
{{- $own := index . 2 -}}
labels:
  {{- include "kizashi.selector" (list $ (index . 1)) | nindent 2 }}
  {{- with $own.podLabels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
annotations:
  {{- include "kizashi.checksum" $ | nindent 2 }}
  {{- with $own.podAnnotations }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}

{{/* Takes (list $ values-of-component): where pods may run. */}}
{{- define "kizashi.placement" -}}
{{- $own := index . 1 -}}
{{- with $own.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with $own.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $own.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $own.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* Takes (list $ component given-constraints). */}}
{{- define "kizashi.spread" -}}
{{- $ := index . 0 -}}
{{- $component := index . 1 -}}
topologySpreadConstraints:
{{- if index . 2 }}
  {{- toYaml (index . 2) | nindent 2 }}
{{- else }}
{{- range list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
  - maxSkew: 1
    topologyKey: {{ . }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "kizashi.selector" (list $ $component) | nindent 8 }}
{{- end }}
{{- end }}
{{- end -}}

{{/* ---------------------------------------------------------------- settings */}}
{{/* A value of YAML as an environment variable; numbers are floats to Helm, whole ones are whole. */}}
{{- define "kizashi.setting" -}}
{{- if or (kindIs "slice" .) (kindIs "map" .) -}}
{{- toJson . -}}
{{- else if and (kindIs "float64" .) (eq (floor .) .) -}}
{{- printf "%.0f" . -}}
{{- else -}}
{{- toString . -}}
{{- end -}}
{{- end -}}

{{- define "kizashi.settings" -}}
KIZASHI_TIMEZONE: {{ .Values.timezone | quote }}
KIZASHI_STORAGE_URL: {{ include "kizashi.storageUrl" . | quote }}
KIZASHI_RAY_ADDRESS: {{ include "kizashi.rayHead" . | quote }}
KIZASHI_ONLINE: {{ ternary "ray" "web" .Values.ray.online }}
# Analysts' code is not run in pods that hold the site's secrets: web is told of pods of their own.
KIZASHI_NOTEBOOKS_AT_ONCE: "0"
{{- with include "kizashi.publicUrl" . }}
KIZASHI_PUBLIC_URL: {{ . | quote }}
{{- end }}
{{- range $name, $value := .Values.settings }}
KIZASHI_{{ upper $name }}: {{ include "kizashi.setting" $value | quote }}
{{- end }}
{{- end -}}

{{/* ---------------------------------------------------------------- environment */}}
{{- define "kizashi.env" -}}
- name: KIZASHI_HOME
  value: /var/lib/kizashi
- name: KIZASHI_SECRETS_FROM
  value: /etc/kizashi/secrets
- name: KIZASHI_HOST
  value: 0.0.0.0
# Pods on one node are one machine to what the site says that machines cost.
- name: KIZASHI_MACHINE
  valueFrom:
    fieldRef: {fieldPath: spec.nodeName}
- name: KIZASHI_METRICS_HOST
  value: 0.0.0.0
{{- if .Values.prices }}
- name: KIZASHI_PRICES
  value: /etc/kizashi/prices/prices.toml
{{- end }}
{{- if .Values.web.tls.existingSecret }}
- name: KIZASHI_TLS_CERTIFICATE
  value: /etc/kizashi/tls/tls.crt
- name: KIZASHI_TLS_KEY
  value: /etc/kizashi/tls/tls.key
{{- end }}
{{- end -}}

{{- define "kizashi.databaseEnv" -}}
{{- $own := .Values.database -}}
- name: KIZASHI_DATABASE_URL
  valueFrom:
    secretKeyRef:
      name: {{ include "kizashi.databaseSecret" . }}
      key: {{ ternary "database-url" $own.external.urlKey $own.bundled.enabled }}
- name: KIZASHI_REGISTRY_URL
  valueFrom:
    secretKeyRef:
      name: {{ include "kizashi.databaseSecret" . }}
      key: {{ ternary "registry-url" $own.external.registryUrlKey $own.bundled.enabled }}
{{- end -}}

{{/* Keys only where there are static ones: EKS gives the service account's role by itself. */}}
{{- define "kizashi.storageEnv" -}}
{{- $own := .Values.storage -}}
{{- $secret := $own.external.existingSecret -}}
{{- if $own.bundled.enabled }}
{{- $secret = include "kizashi.secret" . }}
- name: AWS_ENDPOINT_URL
  value: http://{{ include "kizashi.name" (list . "objects") }}:8333
- name: AWS_ALLOW_HTTP
  value: "true"
- name: AWS_REGION
  value: us-east-1
{{- else }}
{{- with $own.external.endpoint }}
- name: AWS_ENDPOINT_URL
  value: {{ . | quote }}
{{- if hasPrefix "http://" . }}
- name: AWS_ALLOW_HTTP
  value: "true"
{{- end }}
{{- end }}
{{- with $own.external.region }}
- name: AWS_REGION
  value: {{ . | quote }}
{{- end }}
{{- end }}
{{- with $secret }}
- name: AWS_ACCESS_KEY_ID
  valueFrom:
    secretKeyRef:
      name: {{ . }}
      key: {{ ternary "s3-access-key" $own.external.accessKeyKey $own.bundled.enabled }}
- name: AWS_SECRET_ACCESS_KEY
  valueFrom:
    secretKeyRef:
      name: {{ . }}
      key: {{ ternary "s3-secret-key" $own.external.secretKeyKey $own.bundled.enabled }}
{{- end }}
{{- end -}}

{{/* Ray asks for the token in every process that starts it, the raylet of a worker pod too. */}}
{{- define "kizashi.rayEnv" -}}
- name: RAY_AUTH_MODE
  value: token
- name: RAY_AUTH_TOKEN_PATH
  value: /etc/kizashi/secrets/ray.token
{{- end -}}

{{- define "kizashi.envFrom" -}}
- configMapRef:
    name: {{ include "kizashi.name" (list . "settings") }}
{{- end -}}

{{/* ---------------------------------------------------------------- volumes */}}
{{/* Takes (list $ scope): "site" for pods that are the site, "ray" for those that only compute. */}}
{{- define "kizashi.volumes" -}}
{{- $ := index . 0 -}}
{{ include (ternary "kizashi.siteVolumes" "kizashi.rayOnlyVolumes" (eq (index . 1) "site")) $ }}
{{- if $.Values.prices }}
- name: prices
  configMap:
    name: {{ include "kizashi.name" (list $ "prices") }}
{{- end }}
{{- with $.Values.web.tls.existingSecret }}
- name: tls
  secret:
    secretName: {{ . }}
    defaultMode: 0440
{{- end }}
{{- end -}}

{{/* What all processes of the site share; a key that lacks keeps a pod from starting. */}}
{{- define "kizashi.sharedSecrets" -}}
- secret:
    name: {{ include "kizashi.secret" . }}
    items:
      {{- range list "site.key" "ray.token" "metrics.token" "ca.pem" "ca.key" }}
      - {key: {{ . }}, path: {{ . }}}
      {{- end }}
{{- end -}}

{{- define "kizashi.rayOnlyVolumes" -}}
- name: secrets
  projected:
    defaultMode: 0440
    sources:
      {{- include "kizashi.sharedSecrets" . | nindent 6 }}
- name: tmp
  emptyDir: {}
{{- end -}}

{{- define "kizashi.siteVolumes" -}}
- name: secrets
  projected:
    defaultMode: 0440
    sources:
      {{- include "kizashi.sharedSecrets" . | nindent 6 }}
      {{- range list "oidc-client-secret" "admin-password" }}
      - secret:
          name: {{ include "kizashi.secret" $ }}
          optional: true
          items:
            - {key: {{ . }}, path: {{ . }}}
      {{- end }}
- name: tmp
  emptyDir: {}
{{- end -}}

{{- define "kizashi.mounts" -}}
- name: home
  mountPath: /var/lib/kizashi
- name: tmp
  mountPath: /tmp
- name: secrets
  mountPath: /etc/kizashi/secrets
  readOnly: true
{{- if .Values.prices }}
- name: prices
  mountPath: /etc/kizashi/prices
  readOnly: true
{{- end }}
{{- if .Values.web.tls.existingSecret }}
- name: tls
  mountPath: /etc/kizashi/tls
  readOnly: true
{{- end }}
{{- end -}}

{{/* Takes (list port-name): started within ten minutes, then alive, and apart from that ready. */}}
{{- define "kizashi.probes" -}}
startupProbe:
  httpGet: {path: /healthz, port: {{ . }}, scheme: HTTPS}
  periodSeconds: 5
  timeoutSeconds: 5
  failureThreshold: 120
livenessProbe:
  httpGet: {path: /healthz, port: {{ . }}, scheme: HTTPS}
  periodSeconds: 15
  timeoutSeconds: 10
  failureThreshold: 8
readinessProbe:
  httpGet: {path: /readyz, port: {{ . }}, scheme: HTTPS}
  periodSeconds: 5
  timeoutSeconds: 5
  failureThreshold: 3
{{- end -}}

{{/* The database's tables before the first start: where PostgreSQL comes along, no hook can. */}}
{{- define "kizashi.migrating" -}}
{{- if .Values.database.bundled.enabled }}
initContainers:
  - name: migrate
    {{- include "kizashi.migrateContainer" . | nindent 4 }}
{{- end }}
{{- end -}}

{{/* Its settings stand in it: before an installation no ConfigMap of the chart is there. */}}
{{- define "kizashi.migrateContainer" -}}
image: {{ include "kizashi.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
args: [run, migrate]
env:
  - name: KIZASHI_HOME
    value: /var/lib/kizashi
  - name: KIZASHI_SECRETS_FROM
    value: /etc/kizashi/secrets
  {{- range $name, $value := fromYaml (include "kizashi.settings" .) }}
  - name: {{ $name }}
    value: {{ $value | quote }}
  {{- end }}
  {{- include "kizashi.databaseEnv" . | nindent 2 }}
  {{- include "kizashi.storageEnv" . | nindent 2 }}
resources:
  {{- toYaml .Values.migrate.resources | nindent 2 }}
securityContext:
  {{- include "kizashi.containerSecurity" . | nindent 2 }}
volumeMounts:
  - {name: home, mountPath: /var/lib/kizashi}
  - {name: tmp, mountPath: /tmp}
  - {name: secrets, mountPath: /etc/kizashi/secrets, readOnly: true}
{{- end -}}
