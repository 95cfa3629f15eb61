{{/* One analyst's pod and volume, of which the web fills in name, owner and what it is told. */}}

{{- define "kizashi.notebooksUrl" -}}
{{- .Values.notebooks.url | default (printf "https://%s:%v" (include "kizashi.name" (list . "web")) .Values.web.service.port) -}}
{{- end -}}

{{- define "kizashi.notebookPod" -}}
{{- $own := .Values.notebooks -}}
apiVersion: v1
kind: Pod
metadata:
  name: {{ include "kizashi.name" (list . "notebook") }}
  labels:
    {{- include "kizashi.selector" (list . "notebook") | nindent 4 }}
    {{- with $own.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- with $own.podAnnotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  restartPolicy: Never
  serviceAccountName: {{ include "kizashi.name" (list . "notebook") }}
  automountServiceAccountToken: false
  enableServiceLinks: false
  terminationGracePeriodSeconds: 15
  {{- include "kizashi.pullSecrets" . | nindent 2 }}
  securityContext:
    {{- include "kizashi.podSecurity" nil | nindent 4 }}
  {{- include "kizashi.placement" (list . $own) | nindent 2 }}
  containers:
    - name: notebook
      image: {{ include "kizashi.image" . }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      args: [run, notebook]
      terminationMessagePolicy: FallbackToLogsOnError
      ports:
        - {name: http, containerPort: 8888}
      # It listens within three minutes, or is given up.
      startupProbe:
        tcpSocket: {port: http}
        periodSeconds: 2
        failureThreshold: 90
      resources:
        {{- toYaml $own.resources | nindent 8 }}
      securityContext:
        {{- include "kizashi.containerSecurity" . | nindent 8 }}
      volumeMounts:
        - {name: home, mountPath: /var/lib/kizashi}
        - {name: tmp, mountPath: /tmp}
  volumes:
    - name: tmp
      emptyDir: {}
    {{- if not $own.persistence.enabled }}
    - name: home
      emptyDir:
        sizeLimit: {{ $own.persistence.size }}
    {{- end }}
{{- end -}}

{{- define "kizashi.notebookClaim" -}}
{{- $own := .Values.notebooks.persistence -}}
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: {{ include "kizashi.name" (list . "notebook") }}
  labels:
    {{- include "kizashi.selector" (list . "notebook") | nindent 4 }}
spec:
  accessModes: [ReadWriteOnce]
  {{- with $own.storageClassName }}
  storageClassName: {{ . }}
  {{- end }}
  resources:
    requests:
      storage: {{ $own.size }}
{{- end -}}

{{/* Over what the settings say to all: only the web's pods make others. */}}
{{- define "kizashi.notebooksEnv" -}}
{{- if .Values.notebooks.enabled }}
- name: KIZASHI_NOTEBOOKS_AT_ONCE
  value: {{ .Values.notebooks.atOnce | quote }}
- name: KIZASHI_NOTEBOOKS_IDLE_MINUTES
  value: {{ .Values.notebooks.idleMinutes | quote }}
- name: KIZASHI_NOTEBOOKS_PODS
  value: /etc/kizashi/notebooks
- name: KIZASHI_NOTEBOOKS_URL
  value: {{ include "kizashi.notebooksUrl" . | quote }}
{{- end }}
{{- end -}}
