{{/* The server's environment, but for extraEnv. */}}
{{- define "leoflow.env" -}}
{{- $own := include "leoflow.fullname" . -}}
{{- $bootstrap := .Values.bootstrap -}}
- name: LEOFLOW_DATABASE_URL
  valueFrom:
    secretKeyRef:
      name: {{ .Values.database.existingSecret | default $own }}
      key: {{ empty .Values.database.existingSecret | ternary "database-url" .Values.database.existingSecretKey }}
{{- with .Values.redis }}
{{- if or .url .existingSecret }}
- name: LEOFLOW_REDIS_URL
  valueFrom:
    secretKeyRef:
      name: {{ .existingSecret | default $own }}
      key: {{ empty .existingSecret | ternary "redis-url" .existingSecretKey }}
{{- if .caConfigMap }}
- name: LEOFLOW_REDIS_CA_FILE
  value: /etc/leoflow/redis/ca.crt
{{- end }}
{{- end }}
{{- end }}
- name: LEOFLOW_AUTH_JWT_SECRET
  valueFrom:
    secretKeyRef:
      name: {{ .Values.auth.existingSecret | default $own }}
      key: jwt-secret
- name: LEOFLOW_SECRET_KEY
  valueFrom:
    secretKeyRef:
      name: {{ .Values.secretKeyExistingSecret | default $own }}
      key: secret-key
{{- if or $bootstrap.password $bootstrap.passwordHash $bootstrap.existingSecret }}
- name: LEOFLOW_BOOTSTRAP_EMAIL
  value: {{ $bootstrap.email | quote }}
{{- if $bootstrap.passwordHash }}
- name: LEOFLOW_BOOTSTRAP_PASSWORD_HASH
  valueFrom:
    secretKeyRef:
      name: {{ $own }}
      key: bootstrap-password-hash
{{- else }}
- name: LEOFLOW_BOOTSTRAP_PASSWORD
  valueFrom:
    secretKeyRef:
      name: {{ $bootstrap.existingSecret | default $own }}
      key: bootstrap-password
{{- end }}
{{- end }}
{{- with .Values.auth.oidc }}
{{- if .issuer }}
- name: LEOFLOW_AUTH_OIDC_ISSUER
  value: {{ .issuer | quote }}
- name: LEOFLOW_AUTH_OIDC_CLIENT_ID
  value: {{ .clientId | quote }}
{{- if .existingSecret }}
- name: LEOFLOW_AUTH_OIDC_CLIENT_SECRET
  valueFrom:
    secretKeyRef:
      name: {{ .existingSecret }}
      key: oidc-client-secret
{{- end }}
- name: LEOFLOW_AUTH_OIDC_REDIRECT_URL
  value: {{ .redirectUrl | quote }}
- name: LEOFLOW_AUTH_OIDC_SCOPES
  value: {{ .scopes | quote }}
- name: LEOFLOW_AUTH_OIDC_USERNAME_CLAIM
  value: {{ .usernameClaim | quote }}
- name: LEOFLOW_AUTH_OIDC_GROUPS_CLAIM
  value: {{ .groupsClaim | quote }}
- name: LEOFLOW_AUTH_OIDC_ROLE_MAPPINGS
  value: {{ toJson .roleMappings | quote }}
{{- if .defaultRole }}
- name: LEOFLOW_AUTH_OIDC_DEFAULT_ROLE
  value: {{ .defaultRole | quote }}
{{- end }}
{{- if .caConfigMap }}
- name: LEOFLOW_AUTH_OIDC_CA_FILE
  value: /etc/leoflow/oidc/ca.crt
{{- end }}
{{- end }}
{{- end }}
- name: LEOFLOW_SECRET_KEY_OLD
  valueFrom:
    secretKeyRef:
      name: {{ .Values.secretKeyExistingSecret | default $own }}
      key: secret-key-old
      optional: true
- name: POD_IP
  valueFrom:
    fieldRef:
      fieldPath: status.podIP
- name: LEOFLOW_SERVER_ADVERTISE_ADDR
  value: "$(POD_IP):{{ int .Values.ports.http }}"
- name: LEOFLOW_SECRETS_SCOPE
  value: {{ .Values.config.secretsScope }}
- name: LEOFLOW_SERVER_HTTP_ADDR
  value: "0.0.0.0:{{ int .Values.ports.http }}"
- name: LEOFLOW_SERVER_GRPC_ADDR
  value: "0.0.0.0:{{ int .Values.ports.grpc }}"
- name: LEOFLOW_SERVER_METRICS_ADDR
  value: "0.0.0.0:{{ int .Values.ports.metrics }}"
- name: LEOFLOW_SERVER_GRPC_TLS_CERT
  value: /etc/leoflow/tls/tls.crt
- name: LEOFLOW_SERVER_GRPC_TLS_KEY
  value: /etc/leoflow/tls/tls.key
- name: LEOFLOW_LOGS_DIR
  value: /var/log/leoflow
{{- with .Values.logs.remote }}
{{- if .url }}
- name: AIRFLOW__LOGGING__REMOTE_LOGGING
  value: "True"
- name: AIRFLOW__LOGGING__REMOTE_BASE_LOG_FOLDER
  value: {{ .url | quote }}
- name: AIRFLOW__LOGGING__DELETE_LOCAL_LOGS
  value: {{ .deleteLocal | quote }}
{{- with .region }}
- name: AWS_REGION
  value: {{ . | quote }}
{{- end }}
{{- with .endpoint }}
- name: AWS_ENDPOINT_URL_S3
  value: {{ . | quote }}
{{- end }}
{{- if and .existingSecret (hasPrefix "s3://" .url) }}
- name: AWS_ACCESS_KEY_ID
  valueFrom:
    secretKeyRef:
      name: {{ .existingSecret }}
      key: access-key-id
- name: AWS_SECRET_ACCESS_KEY
  valueFrom:
    secretKeyRef:
      name: {{ .existingSecret }}
      key: secret-access-key
{{- end }}
{{- end }}
{{- end }}
{{- if include "leoflow.logsKeyFile" . }}
- name: GOOGLE_APPLICATION_CREDENTIALS
  value: /etc/leoflow/logs/service-account.json
{{- end }}
- name: LEOFLOW_INSTANCE
  value: {{ include "leoflow.instance" . | quote }}
- name: LEOFLOW_EXECUTOR_TASK_NAMESPACE
  value: {{ include "leoflow.taskNamespace" . | quote }}
- name: LEOFLOW_EXECUTOR_AGENT_CONTROL_PLANE_ADDR
  value: {{ include "leoflow.controlPlaneAddr" . | quote }}
- name: LEOFLOW_EXECUTOR_AGENT_TLS_CA_CONFIGMAP
  value: {{ include "leoflow.caConfigMap" . | quote }}
{{- if .Values.agentTLS.mutual }}
- name: LEOFLOW_SERVER_GRPC_CLIENT_CA
  value: /etc/leoflow/tls/ca.crt
- name: LEOFLOW_EXECUTOR_AGENT_TLS_SECRET
  value: {{ include "leoflow.clientCertSecret" . | quote }}
{{- end }}
- name: LEOFLOW_EXECUTOR_START_RETRIES
  value: {{ int .Values.executor.startRetries | quote }}
- name: LEOFLOW_EXECUTOR_START_RETRY_DELAY
  value: {{ int .Values.executor.startRetryDelay | quote }}
- name: LEOFLOW_EXECUTOR_HOST_IDLE_LIMIT
  value: {{ int .Values.executor.hostIdleLimit | quote }}
- name: AIRFLOW__CORE__PARALLELISM
  value: {{ int .Values.executor.parallelism | quote }}
- name: AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT
  value: {{ int .Values.executor.startTimeout | quote }}
- name: AIRFLOW__KUBERNETES_EXECUTOR__DELETE_WORKER_PODS
  value: {{ .Values.executor.deletePods | quote }}
- name: AIRFLOW__KUBERNETES_EXECUTOR__DELETE_WORKER_PODS_ON_FAILURE
  value: {{ .Values.executor.deleteFailedPods | quote }}
{{- with .Values.executor.warmPods }}
- name: LEOFLOW_EXECUTOR_WARM_PODS
  value: {{ .enabled | quote }}
- name: LEOFLOW_EXECUTOR_WARM_IDLE_LIMIT
  value: {{ int .idleLimit | quote }}
- name: LEOFLOW_EXECUTOR_WARM_MAX_ATTEMPTS
  value: {{ int .maxAttempts | quote }}
- name: LEOFLOW_EXECUTOR_WARM_MAX_IDLE
  value: {{ int .maxIdle | quote }}
{{- end }}
{{- if .Values.executor.podTemplate }}
- name: AIRFLOW__KUBERNETES_EXECUTOR__POD_TEMPLATE_FILE
  value: /etc/leoflow/pod-templates/default.yaml
{{- end }}
{{- if .Values.executor.podTemplates }}
- name: LEOFLOW_EXECUTOR_POD_TEMPLATES
  value: /etc/leoflow/pod-templates
{{- end }}
{{- with include "leoflow.taskServiceAccount" . }}
- name: LEOFLOW_EXECUTOR_TASK_SERVICE_ACCOUNT
  value: {{ . | quote }}
{{- end }}
{{- with .Values.config.edition }}
- name: LEOFLOW_UI_EDITION
  value: {{ . | quote }}
{{- end }}
{{- if .Values.database.caConfigMap }}
- name: PGSSLROOTCERT
  value: /etc/leoflow/database/ca.crt
{{- end }}
{{- end }}
