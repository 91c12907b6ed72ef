{{/* What would fail when it runs is refused here: all of it at once, each with what to do. */}}
{{- define "leoflow.refuse" -}}
{{- $found := concat
  (include "leoflow.refusals.secrets" . | fromYamlArray)
  (include "leoflow.refusals.tls" . | fromYamlArray)
  (include "leoflow.refusals.accounts" . | fromYamlArray)
  (include "leoflow.refusals.server" . | fromYamlArray)
  (include "leoflow.refusals.around" . | fromYamlArray) -}}
{{- if $found -}}
{{- fail (printf "these values cannot work:\n- %s" (join "\n- " $found)) -}}
{{- end -}}
{{- end }}

{{- define "leoflow.refusals.secrets" -}}
{{- $out := list -}}
{{- $port := include "leoflow.portPattern" . -}}
{{- $url := .Values.database.url -}}
{{- if and $url .Values.database.existingSecret -}}
{{- $out = append $out "database.url and database.existingSecret are both set: take one" -}}
{{- else if not (or $url .Values.database.existingSecret) -}}
{{- $out = append $out "there is no database: set database.existingSecret, the name of a Secret with a postgresql:// URL, or database.url" -}}
{{- else if and $url (not (regexMatch "^postgres(ql)?://" $url)) -}}
{{- $out = append $out "database.url is not a postgresql:// URL: the server's database is PostgreSQL" -}}
{{- end -}}
{{- $hasAuthorities := or .Values.database.caConfigMap (contains "sslrootcert=" $url) -}}
{{- $hasHost := regexMatch `[?&](host|hostaddr|service)=[^&]` $url -}}
{{- range .Values.extraEnv -}}
{{- $hasAuthorities = or $hasAuthorities (eq .name "PGSSLROOTCERT") -}}
{{- $hasHost = or $hasHost (has .name (list "PGHOST" "PGHOSTADDR" "PGSERVICE")) -}}
{{- end -}}
{{- $named := printf `^[a-z]+://([^@/]*@)?([^\[\]:/?,@]+|\[[0-9a-zA-Z:.%%]+\])(:%s?)?([,/?].*)?$` $port -}}
{{- if and (hasPrefix "postgres" $url) (not $hasHost) (not (regexMatch $named $url)) -}}
{{- $out = append $out "database.url names no host that can be reached: it is one such as postgresql://user:password@host:5432/leoflow" -}}
{{- end -}}
{{- if and (regexMatch `[?&]sslmode=verify-(ca|full)(&|$)` $url) (not $hasAuthorities) -}}
{{- $out = append $out "database.url has its certificate checked, and nothing says against what: set database.caConfigMap" -}}
{{- end -}}
{{- with .Values.redis -}}
{{- if and .url .existingSecret -}}
{{- $out = append $out "redis.url and redis.existingSecret are both set: take one" -}}
{{- else if and .url (not (regexMatch (printf `^rediss?://([^@/?#]*@)?([^\[\]:@/?#]+|\[[0-9a-fA-F:.]+\])(:%s)?(/[0-9]{0,6})?$` $port) .url)) -}}
{{- $out = append $out "redis.url is not a redis:// or rediss:// URL such as redis://user:password@host:6379/0" -}}
{{- else if regexMatch `^rediss?://[^:@/]+:?@` .url -}}
{{- $out = append $out "redis.url has a user without a password" -}}
{{- end -}}
{{- if and .caConfigMap (not (or .url .existingSecret)) -}}
{{- $out = append $out "redis.caConfigMap has no effect without redis.existingSecret or redis.url" -}}
{{- else if and .caConfigMap (hasPrefix "redis://" .url) -}}
{{- $out = append $out "redis.caConfigMap is for TLS, and redis.url is not a rediss:// URL" -}}
{{- end -}}
{{- end -}}
{{- $jwt := .Values.auth.jwtSecret -}}
{{- if and $jwt .Values.auth.existingSecret -}}
{{- $out = append $out "auth.jwtSecret and auth.existingSecret are both set: take one" -}}
{{- else if not (or $jwt .Values.auth.existingSecret) -}}
{{- $out = append $out "nothing signs the tokens of users: set auth.existingSecret, the name of a Secret with jwt-secret, or auth.jwtSecret (openssl rand -hex 32)" -}}
{{- else if and $jwt (lt (len $jwt) 32) -}}
{{- $out = append $out (printf "auth.jwtSecret has %d characters; it must have at least 32 (openssl rand -hex 32)" (len $jwt)) -}}
{{- end -}}
{{- with .Values.auth.oidc -}}
{{- if and .issuer (not (and .clientId .redirectUrl)) -}}
{{- $out = append $out "auth.oidc.issuer is set: auth.oidc.clientId and auth.oidc.redirectUrl must be, too" -}}
{{- end -}}
{{- if and .issuer (not (regexMatch `^(https://[^/?#]|http://(localhost|127\.0\.0\.1|\[::1\])(:[0-9]+)?([/?#]|$))` .issuer)) -}}
{{- $out = append $out "auth.oidc.issuer is not an https:// URL: anybody between the server and the provider could say who logs in" -}}
{{- end -}}
{{- if and .redirectUrl (not (regexMatch `^https?://[^/?#]+/(.+/)?api/v2/auth/oidc/callback$` .redirectUrl)) -}}
{{- $out = append $out "auth.oidc.redirectUrl is not where the server takes browsers back, such as https://leoflow.example.com/api/v2/auth/oidc/callback" -}}
{{- end -}}
{{- if and .scopes (not (has "openid" (splitList " " .scopes))) -}}
{{- $out = append $out "auth.oidc.scopes lacks openid: without it a provider does not say who logs in" -}}
{{- end -}}
{{- if and (not .issuer) (or .clientId .existingSecret .redirectUrl .roleMappings .defaultRole .caConfigMap) -}}
{{- $out = append $out "auth.oidc has no effect without auth.oidc.issuer" -}}
{{- end -}}
{{- if and .issuer (not .roleMappings) (not .defaultRole) -}}
{{- $out = append $out "nobody could log in at auth.oidc.issuer: set auth.oidc.roleMappings or auth.oidc.defaultRole" -}}
{{- end -}}
{{- end -}}
{{- $key := .Values.secretKey -}}
{{- if and $key .Values.secretKeyExistingSecret -}}
{{- $out = append $out "secretKey and secretKeyExistingSecret are both set: take one" -}}
{{- else if not (or $key .Values.secretKeyExistingSecret) -}}
{{- $out = append $out "nothing seals variables and connections: set secretKeyExistingSecret, the name of a Secret with secret-key, or secretKey (openssl rand -hex 32)" -}}
{{- else if and $key (not (regexMatch "^[0-9a-fA-F]{64}$" $key)) -}}
{{- $out = append $out "secretKey is not 64 hexadecimal digits (openssl rand -hex 32)" -}}
{{- end -}}
{{- with .Values.bootstrap -}}
{{- if gt (len (compact (list .password .passwordHash .existingSecret))) 1 -}}
{{- $out = append $out "bootstrap has more than one of password, passwordHash and existingSecret: take one" -}}
{{- end -}}
{{- if and .passwordHash (not (regexMatch `^\$argon2id\$(v=[0-9]+\$)?m=[0-9]+,t=[0-9]+,p=[0-9]+\$[A-Za-z0-9+/]+\$[A-Za-z0-9+/]+$` .passwordHash)) -}}
{{- $out = append $out "bootstrap.passwordHash is not a hash of argon2id ($argon2id$v=19$m=...,t=...,p=...$salt$hash): nobody could log in with it" -}}
{{- end -}}
{{- end -}}
{{- toYaml $out -}}
{{- end }}

{{- define "leoflow.refusals.tls" -}}
{{- $out := list -}}
{{- $own := compact (list .Values.agentTLS.serverCertSecret .Values.agentTLS.caConfigMap) -}}
{{- if and .Values.agentTLS.autoGenerate $own -}}
{{- $out = append $out "agentTLS.autoGenerate is true beside agentTLS.serverCertSecret or caConfigMap: set it to false to use your own" -}}
{{- else if and (not .Values.agentTLS.autoGenerate) (lt (len $own) 2) -}}
{{- $out = append $out "agents are only spoken to over TLS: set agentTLS.serverCertSecret and agentTLS.caConfigMap, or agentTLS.autoGenerate to true" -}}
{{- end -}}
{{- with .Values.agentTLS -}}
{{- if and .clientCertSecret (or .autoGenerate (not .mutual)) -}}
{{- $out = append $out "agentTLS.clientCertSecret is for agentTLS.mutual: true with autoGenerate: false" -}}
{{- else if and .mutual (not .autoGenerate) (not .clientCertSecret) -}}
{{- $out = append $out "agents have nothing to show: set agentTLS.clientCertSecret, or agentTLS.mutual to false" -}}
{{- end -}}
{{- end -}}
{{- $address := printf `^([a-zA-Z0-9]([-a-zA-Z0-9.]*[a-zA-Z0-9])?\.?|\[[0-9a-fA-F:.]+\]):%s$` (include "leoflow.portPattern" .) -}}
{{- range splitList "," (include "leoflow.controlPlaneAddr" .) -}}
{{- if not (regexMatch $address .) -}}
{{- $out = append $out (printf "config.agentControlPlaneAddr has '%s', which is not host:port: it is one such as leoflow.example.com:9091, or several with commas and no spaces" .) -}}
{{- end -}}
{{- end -}}
{{- toYaml $out -}}
{{- end }}

{{- define "leoflow.refusals.accounts" -}}
{{- $out := list -}}
{{- with .Values.serviceAccount -}}
{{- if and (not .create) (not .name) -}}
{{- $out = append $out "serviceAccount.create is false: set serviceAccount.name, or the namespace's default would get the server's rights" -}}
{{- end -}}
{{- if and (not .create) .annotations -}}
{{- $out = append $out "serviceAccount.annotations have no effect on a ServiceAccount that is not made: annotate it yourself, or set serviceAccount.create to true" -}}
{{- end -}}
{{- end -}}
{{- with .Values.taskServiceAccount -}}
{{- if and (not .create) (or .annotations .imagePullSecrets) -}}
{{- $out = append $out "taskServiceAccount.annotations and imagePullSecrets have no effect on a ServiceAccount that is not made: set taskServiceAccount.create to true" -}}
{{- end -}}
{{- end -}}
{{- if eq (include "leoflow.taskNamespace" .) .Release.Namespace -}}
{{- if eq (include "leoflow.taskServiceAccount" .) (include "leoflow.serviceAccount" .) -}}
{{- $out = append $out "taskServiceAccount.name is the server's ServiceAccount: tasks must not have the server's rights" -}}
{{- end -}}
{{- end -}}
{{- toYaml $out -}}
{{- end }}

{{- define "leoflow.refusals.server" -}}
{{- $out := list -}}
{{- $several := or .Values.api.enabled (gt (int .Values.replicaCount) 1) -}}
{{- if and $several (not .Values.logs.remote.url) -}}
{{- with .Values.logs.persistence -}}
{{- if not .enabled -}}
{{- $out = append $out "several replicas share the logs: set logs.remote.url, or logs.persistence.enabled to true" -}}
{{- else if ne .accessMode "ReadWriteMany" -}}
{{- $out = append $out (printf "several replicas share the logs, and logs.persistence.accessMode is %s: set logs.remote.url, or it to ReadWriteMany, with a storageClass that can do that" .accessMode) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- with .Values.logs.remote -}}
{{- if and (not .url) (or .region .endpoint .existingSecret) -}}
{{- $out = append $out "logs.remote has no effect without logs.remote.url" -}}
{{- end -}}
{{- if and (hasPrefix "gs://" .url) (or .region .endpoint) -}}
{{- $out = append $out "logs.remote.region and logs.remote.endpoint are of s3://, and logs.remote.url is of gs://" -}}
{{- end -}}
{{- end -}}
{{- if and .Values.api.autoscaling.enabled (not .Values.api.enabled) -}}
{{- $out = append $out "api.autoscaling has no effect without replicas of their own for the API: set api.enabled to true" -}}
{{- end -}}
{{- with .Values.api.autoscaling -}}
{{- if and .enabled (gt (int .minReplicas) (int .maxReplicas)) -}}
{{- $out = append $out "api.autoscaling.minReplicas is above maxReplicas" -}}
{{- end -}}
{{- $cpu := dig "requests" "cpu" "" ($.Values.api.resources | default $.Values.resources) -}}
{{- if and .enabled (not $cpu) -}}
{{- $out = append $out "api.autoscaling goes by the CPU that is requested: set api.resources.requests.cpu" -}}
{{- end -}}
{{- end -}}
{{- if and .Values.migrations.hook (not .Values.database.existingSecret) -}}
{{- $out = append $out "migrations.hook runs before the chart's own Secret is there: set database.existingSecret" -}}
{{- end -}}
{{- if and .Values.image.tag (not (regexMatch `^[a-zA-Z0-9_][-.a-zA-Z0-9_]{0,127}(@sha256:[0-9a-f]{64})?$` .Values.image.tag)) -}}
{{- $out = append $out (printf "image.tag '%s' is no tag: it is one such as 1.2.3 or 1.2.3@sha256:..." .Values.image.tag) -}}
{{- end -}}
{{- with mergeOverwrite (deepCopy (.Values.podSecurityContext | default dict)) (.Values.securityContext | default dict) -}}
{{- if and .runAsNonRoot (eq (toString .runAsUser) "0") -}}
{{- $out = append $out "podSecurityContext.runAsUser or securityContext.runAsUser is 0, and Kubernetes starts no container as that while runAsNonRoot is true" -}}
{{- end -}}
{{- end -}}
{{- with .Values.ports -}}
{{- if lt (len (uniq (list (int .http) (int .grpc) (int .metrics)))) 3 -}}
{{- $out = append $out "ports.http, ports.grpc and ports.metrics are not three different ports" -}}
{{- end -}}
{{- end -}}
{{- if not (regexMatch "^[a-z]([-a-z0-9]*[a-z0-9])?$" (include "leoflow.fullname" .)) -}}
{{- $out = append $out (printf "'%s' is no name of a Service: set fullnameOverride to small letters, digits and dashes" (include "leoflow.fullname" .)) -}}
{{- end -}}
{{- if gt (len (include "leoflow.instance" .)) 63 -}}
{{- $out = append $out (printf "'%s' does not fit into a label of the tasks' pods: set a shorter fullnameOverride" (include "leoflow.instance" .)) -}}
{{- end -}}
{{- if and .Values.executor.podTemplate (hasKey .Values.executor.podTemplates "default.yaml") -}}
{{- $out = append $out "executor.podTemplates has default.yaml, which is the name of executor.podTemplate: give it another" -}}
{{- end -}}
{{- range $file, $pod := include "leoflow.podTemplates" . | fromYaml -}}
{{- $first := dig "spec" "containers" list $pod | first | default dict -}}
{{- if or (ne (dig "kind" "" $pod) "Pod") (ne (dig "name" "" $first) "base") -}}
{{- $out = append $out (printf "the pod template %s must be of kind Pod, and its first container base" $file) -}}
{{- end -}}
{{- end -}}
{{- /* With those that only some values have the chart set: they would do half of what those values do. */ -}}
{{- $taken := list
  "AIRFLOW__KUBERNETES_EXECUTOR__POD_TEMPLATE_FILE" "LEOFLOW_EXECUTOR_POD_TEMPLATES" "LEOFLOW_EXECUTOR_TASK_SERVICE_ACCOUNT"
  "LEOFLOW_BOOTSTRAP_EMAIL" "LEOFLOW_BOOTSTRAP_PASSWORD" "LEOFLOW_BOOTSTRAP_PASSWORD_HASH"
  "LEOFLOW_UI_EDITION" "LEOFLOW_SERVER_ROLE"
  "LEOFLOW_AUTH_OIDC_ISSUER" "LEOFLOW_AUTH_OIDC_CLIENT_ID" "LEOFLOW_AUTH_OIDC_CLIENT_SECRET"
  "LEOFLOW_AUTH_OIDC_REDIRECT_URL" "LEOFLOW_AUTH_OIDC_SCOPES" "LEOFLOW_AUTH_OIDC_USERNAME_CLAIM"
  "LEOFLOW_AUTH_OIDC_GROUPS_CLAIM" "LEOFLOW_AUTH_OIDC_ROLE_MAPPINGS" "LEOFLOW_AUTH_OIDC_DEFAULT_ROLE"
  "LEOFLOW_AUTH_OIDC_CA_FILE"
  "LEOFLOW_REDIS_URL" "LEOFLOW_REDIS_CA_FILE"
  "LEOFLOW_SERVER_GRPC_CLIENT_CA" "LEOFLOW_EXECUTOR_AGENT_TLS_SECRET"
  "AIRFLOW__LOGGING__REMOTE_LOGGING" "AIRFLOW__LOGGING__REMOTE_BASE_LOG_FOLDER" "AIRFLOW__LOGGING__DELETE_LOCAL_LOGS" -}}
{{- range include "leoflow.env" . | fromYamlArray -}}
{{- $taken = append $taken .name -}}
{{- end -}}
{{- range .Values.extraEnv -}}
{{- if has .name $taken -}}
{{- $out = append $out (printf "extraEnv sets %s, which other values of this chart set: see values.yaml" .name) -}}
{{- end -}}
{{- end -}}
{{- toYaml $out -}}
{{- end }}

{{- define "leoflow.refusals.around" -}}
{{- $out := list -}}
{{- if and .Values.ingress.enabled (not .Values.ingress.hosts) -}}
{{- $out = append $out "ingress.enabled without hosts: set ingress.hosts, such as [{host: leoflow.example.com}]" -}}
{{- end -}}
{{- with .Values.podDisruptionBudget -}}
{{- $bounds := without (list (toString .minAvailable) (toString .maxUnavailable)) "" "<nil>" -}}
{{- if and .enabled (ne (len $bounds) 1) -}}
{{- $out = append $out "podDisruptionBudget needs one of minAvailable and maxUnavailable, and not both: set the other to \"\"" -}}
{{- end -}}
{{- end -}}
{{- with .Values.metrics.serviceMonitor -}}
{{- if and .enabled (gt (include "leoflow.milliseconds" .scrapeTimeout | int64) (include "leoflow.milliseconds" .interval | int64)) -}}
{{- $out = append $out (printf "metrics.serviceMonitor.scrapeTimeout (%s) is longer than metrics.serviceMonitor.interval (%s): Prometheus takes no such thing" .scrapeTimeout .interval) -}}
{{- end -}}
{{- end -}}
{{- toYaml $out -}}
{{- end }}
