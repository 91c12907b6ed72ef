{{- define "leoflow.fullname" -}}
{{- $default := contains .Chart.Name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name .Chart.Name) -}}
{{- .Values.fullnameOverride | default $default | trunc 52 | trimSuffix "-" -}}
{{- end }}

{{- define "leoflow.selectorLabels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "leoflow.labels" -}}
{{ include "leoflow.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name (.Chart.Version | replace "+" "_") }}
{{- end }}

{{- define "leoflow.serviceAccount" -}}
{{- .Values.serviceAccount.name | default (include "leoflow.fullname" .) -}}
{{- end }}

{{- define "leoflow.taskNamespace" -}}
{{- .Values.taskNamespace | default .Release.Namespace -}}
{{- end }}

{{/* Empty: the namespace's default. */}}
{{- define "leoflow.taskServiceAccount" -}}
{{- $made := printf "%s-task" (include "leoflow.instance" .) -}}
{{- .Values.taskServiceAccount.name | default (.Values.taskServiceAccount.create | ternary $made "") -}}
{{- end }}

{{/* A server deletes the pods of its instance that it does not know, so no two in one namespace may be the same. */}}
{{- define "leoflow.instance" -}}
{{- $name := include "leoflow.fullname" . -}}
{{- if eq (include "leoflow.taskNamespace" .) .Release.Namespace -}}
{{- $name -}}
{{- else -}}
{{- printf "%s.%s" .Release.Namespace $name -}}
{{- end -}}
{{- end }}

{{/* The label that the server gives the pods of its tasks. */}}
{{- define "leoflow.taskLabels" -}}
leoflow.io/instance: {{ include "leoflow.instance" . }}
{{- end }}

{{- define "leoflow.controlPlaneAddr" -}}
{{- $service := printf "%s-agents.%s.svc:%d" (include "leoflow.fullname" .) .Release.Namespace (int .Values.ports.grpc) -}}
{{- .Values.config.agentControlPlaneAddr | default $service -}}
{{- end }}

{{- define "leoflow.tlsSecret" -}}
{{- .Values.agentTLS.serverCertSecret | default (printf "%s-agent-tls" (include "leoflow.fullname" .)) -}}
{{- end }}

{{- define "leoflow.clientCertSecret" -}}
{{- .Values.agentTLS.clientCertSecret | default (printf "%s-agent-client-tls" (include "leoflow.instance" .)) -}}
{{- end }}

{{- define "leoflow.caConfigMap" -}}
{{- .Values.agentTLS.caConfigMap | default (printf "%s-agent-ca" (include "leoflow.instance" .)) -}}
{{- end }}

{{/* That of the server's pod, whose user may not listen on ports below 1024 unless the pod says that anybody may. */}}
{{- define "leoflow.podSecurityContext" -}}
{{- $out := deepCopy (.Values.podSecurityContext | default dict) -}}
{{- $lowest := min (int .Values.ports.http) (int .Values.ports.metrics) (int .Values.ports.grpc) -}}
{{- $name := "net.ipv4.ip_unprivileged_port_start" -}}
{{- $given := dict -}}
{{- range $out.sysctls -}}
{{- $_ := set $given .name .value -}}
{{- end -}}
{{- if and (lt $lowest 1024) (not (hasKey $given $name)) -}}
{{- $_ := set $out "sysctls" (append ($out.sysctls | default list) (dict "name" $name "value" (toString $lowest))) -}}
{{- end -}}
{{- toYaml $out -}}
{{- end }}

{{/* What the chart's own Secret holds, by key, in base64. */}}
{{- define "leoflow.secrets" -}}
{{- $given := dict
  "database-url" .Values.database.url
  "redis-url" .Values.redis.url
  "jwt-secret" .Values.auth.jwtSecret
  "secret-key" .Values.secretKey
  "bootstrap-password" .Values.bootstrap.password
  "bootstrap-password-hash" .Values.bootstrap.passwordHash -}}
{{- range $key, $value := $given }}
{{- if $value }}
{{ $key }}: {{ b64enc $value }}
{{- end }}
{{- end }}
{{- end }}

{{- define "leoflow.dnsEgress" -}}
- ports:
    - {port: 53, protocol: UDP}
    - {port: 53, protocol: TCP}
{{- end }}

{{/* What tasks' pods are made from, by file name. */}}
{{- define "leoflow.podTemplates" -}}
{{- $out := dict -}}
{{- with .Values.executor.podTemplate -}}
{{- $_ := set $out "default.yaml" . -}}
{{- end -}}
{{- range $file, $pod := .Values.executor.podTemplates -}}
{{- $_ := set $out $file $pod -}}
{{- end -}}
{{- toYaml $out -}}
{{- end }}

{{/* "true" where logs are in a volume that outlives the pod. */}}
{{- define "leoflow.logsVolume" -}}
{{- if and .Values.logs.persistence.enabled (not .Values.logs.remote.url) -}}true{{- end -}}
{{- end }}

{{/* "true" where a file says who asks for the bucket of the logs. */}}
{{- define "leoflow.logsKeyFile" -}}
{{- if and .Values.logs.remote.existingSecret (hasPrefix "gs://" .Values.logs.remote.url) -}}true{{- end -}}
{{- end }}

{{/* A port from 1 to 65535, as a part of a regular expression. */}}
{{- define "leoflow.portPattern" -}}
([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])
{{- end }}

{{/* Milliseconds of a duration such as 1m30s. */}}
{{- define "leoflow.milliseconds" -}}
{{- $units := dict "h" 3600000 "m" 60000 "s" 1000 "ms" 1 -}}
{{- $sum := 0 -}}
{{- range regexFindAll "[0-9]+(ms|[hms])" . -1 -}}
{{- $sum = add $sum (mul (regexFind "[0-9]+" . | int64) (get $units (regexFind "[hms]+$" .))) -}}
{{- end -}}
{{- $sum -}}
{{- end }}
