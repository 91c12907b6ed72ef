{{/* One kind of replica. Takes root, component, role, replicas (none: an autoscaler says it), resources. */}}
{{- define "leoflow.deployment" -}}
{{- $part := . -}}
{{- with .root -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "leoflow.fullname" . }}{{ eq $part.component "api" | ternary "-api" "" }}
  namespace: {{ .Release.Namespace }}
  labels:
    {{- include "leoflow.labels" . | nindent 4 }}
    app.kubernetes.io/component: {{ $part.component }}
spec:
  {{- if not (kindIs "invalid" $part.replicas) }}
  replicas: {{ int $part.replicas }}
  {{- end }}
  strategy:
    {{- if and (include "leoflow.logsVolume" .) (ne .Values.logs.persistence.accessMode "ReadWriteMany") }}
    # The next pod may be on another node, and the volume is on one.
    type: Recreate
    {{- else }}
    type: RollingUpdate
    {{- end }}
  selector:
    matchLabels:
      {{- include "leoflow.selectorLabels" . | nindent 6 }}
      app.kubernetes.io/component: {{ $part.component }}
  template:
    metadata:
      labels:
        {{- include "leoflow.selectorLabels" . | nindent 8 }}
        app.kubernetes.io/component: {{ $part.component }}
      annotations:
        # Variables are read at the start only. A hash of nothing but a password could be guessed: then every
        # upgrade is a start.
        {{- if or .Values.auth.jwtSecret .Values.secretKey }}
        checksum/secret: {{ include "leoflow.secrets" . | sha256sum }}
        {{- else }}
        leoflow.io/revision: {{ .Release.Revision | quote }}
        {{- end }}
        {{- with include "leoflow.podTemplates" . | fromYaml }}
        checksum/pod-templates: {{ toYaml . | sha256sum }}
        {{- end }}
        {{- with .Values.podAnnotations }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    spec:
      serviceAccountName: {{ include "leoflow.serviceAccount" . }}
      automountServiceAccountToken: true
      # Variables of services would look like the server's own.
      enableServiceLinks: false
      terminationGracePeriodSeconds: {{ int .Values.terminationGracePeriodSeconds }}
      {{- with .Values.imagePullSecrets }}
      imagePullSecrets:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      securityContext:
        {{- include "leoflow.podSecurityContext" . | nindent 8 }}
      containers:
        - name: server
          image: "{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}"
          imagePullPolicy: {{ .Values.image.pullPolicy }}
          args: [server]
          securityContext:
            {{- toYaml .Values.securityContext | nindent 12 }}
          env:
            {{- include "leoflow.env" . | nindent 12 }}
            - name: LEOFLOW_SERVER_ROLE
              value: {{ $part.role }}
            {{- with .Values.extraEnv }}
            {{- toYaml . | nindent 12 }}
            {{- end }}
          ports:
            {{- range $name, $port := .Values.ports }}
            {{- if not (and (eq $part.role "api") (eq $name "grpc")) }}
            - name: {{ $name }}
              containerPort: {{ int $port }}
            {{- end }}
            {{- end }}
          {{- range $name, $times := .Values.probes }}
          {{ $name }}Probe:
            httpGet:
              path: {{ eq $name "readiness" | ternary "/readyz" "/healthz" }}
              port: {{ eq $name "readiness" | ternary "http" "metrics" }}
            {{- toYaml $times | nindent 12 }}
          {{- end }}
          resources:
            {{- toYaml $part.resources | nindent 12 }}
          volumeMounts:
            - name: tmp
              mountPath: /tmp
            - name: logs
              mountPath: /var/log/leoflow
            - name: agent-tls
              mountPath: /etc/leoflow/tls
              readOnly: true
            {{- if include "leoflow.podTemplates" . | fromYaml }}
            - name: pod-templates
              mountPath: /etc/leoflow/pod-templates
              readOnly: true
            {{- end }}
            {{- if include "leoflow.logsKeyFile" . }}
            - name: logs-key
              mountPath: /etc/leoflow/logs
              readOnly: true
            {{- end }}
            {{- if .Values.auth.oidc.caConfigMap }}
            - name: oidc-ca
              mountPath: /etc/leoflow/oidc
              readOnly: true
            {{- end }}
            {{- if .Values.redis.caConfigMap }}
            - name: redis-ca
              mountPath: /etc/leoflow/redis
              readOnly: true
            {{- end }}
            {{- if .Values.database.caConfigMap }}
            - name: database-ca
              mountPath: /etc/leoflow/database
              readOnly: true
            {{- end }}
      volumes:
        - name: tmp
          emptyDir: {}
        - name: logs
          {{- if include "leoflow.logsVolume" . }}
          persistentVolumeClaim:
            claimName: {{ include "leoflow.fullname" . }}-logs
          {{- else }}
          emptyDir: {}
          {{- end }}
        - name: agent-tls
          secret:
            secretName: {{ include "leoflow.tlsSecret" . }}
        {{- if include "leoflow.podTemplates" . | fromYaml }}
        - name: pod-templates
          configMap:
            name: {{ include "leoflow.fullname" . }}-pod-templates
        {{- end }}
        {{- if include "leoflow.logsKeyFile" . }}
        - name: logs-key
          secret:
            secretName: {{ .Values.logs.remote.existingSecret }}
        {{- end }}
        {{- with .Values.auth.oidc.caConfigMap }}
        - name: oidc-ca
          configMap:
            name: {{ . }}
        {{- end }}
        {{- with .Values.redis.caConfigMap }}
        - name: redis-ca
          configMap:
            name: {{ . }}
        {{- end }}
        {{- with .Values.database.caConfigMap }}
        - name: database-ca
          configMap:
            name: {{ . }}
        {{- end }}
      {{- with .Values.nodeSelector }}
      nodeSelector:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .Values.tolerations }}
      tolerations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- if .Values.affinity }}
      affinity:
        {{- toYaml .Values.affinity | nindent 8 }}
      {{- else }}
      # One node's end is not the end of all, where there are several.
      affinity:
        podAntiAffinity:
          preferredDuringSchedulingIgnoredDuringExecution:
            - weight: 100
              podAffinityTerm:
                topologyKey: kubernetes.io/hostname
                labelSelector:
                  matchLabels:
                    {{- include "leoflow.selectorLabels" . | nindent 20 }}
                    app.kubernetes.io/component: {{ $part.component }}
      {{- end }}
{{- end }}
{{- end }}
