{{- /* CEL for a field of a spec, absent or not: object.spec.?sms.?twilio for (list "object" "sms.twilio"). */}}
{{- define "realmkeeper.field" -}}
{{- printf "%s.spec.?%s" (index . 0) (replace "." ".?" (index . 1)) -}}
{{- end }}

{{- /* CEL that is true where an update leaves a block of a spec as it was: whoever revokes a key or changes the number of
pods is not asked about the rest. */}}
{{- define "realmkeeper.unchanged" -}}
(oldObject != null && {{ include "realmkeeper.field" (list "oldObject" .) }} == {{ include "realmkeeper.field" (list "object" .) }})
{{- end }}

{{- /* One validation of a reference to a Secret. An authorizer's check costs a third of what an expression may cost. */}}
{{- define "realmkeeper.mayGet" -}}
{{- $name := printf "%s.orValue('')" (include "realmkeeper.field" (list "object" .name)) -}}
- expression: >-
    {{ $name }} == '' || {{ .unchanged }} ||
    authorizer.group('').resource('secrets').namespace(request.namespace).name({{ $name }}).check('get').allowed()
  messageExpression: >-
    '{{ .field }}: whoever names a Secret has what it holds sent on, and ' + request.userInfo.username + ' may not get Secret "' +
    {{ $name }} + '" in namespace "' + request.namespace + '"; have somebody make this change who may, or be granted that'
  reason: Forbidden
{{- end }}

{{- /* The repository of an image with its registry, as container runtimes complete it. */}}
{{- define "realmkeeper.repository" -}}
{{- $name := regexReplaceAll ":[^/]*$" (regexReplaceAll "@.*$" . "") "" -}}
{{- if not (contains "/" $name) -}}
docker.io/library/{{ $name }}
{{- else if not (regexMatch "^(localhost|[^/]*[.:A-Z][^/]*)/" $name) -}}
docker.io/{{ $name }}
{{- else -}}
{{ regexReplaceAll "^docker[.]io/([^/]+)$" $name "docker.io/library/${1}" }}
{{- end -}}
{{- end }}

{{- /* CEL for the qualified name of the image in a field, as above. */}}
{{- define "realmkeeper.qualified" -}}
{{- $image := printf "%s.orValue('')" (include "realmkeeper.field" (list "object" .)) -}}
!{{ $image }}.contains('/') ? 'docker.io/library/' + {{ $image }} :
!{{ $image }}.matches('^(localhost|[^/]*[.:A-Z][^/]*)/') ? 'docker.io/' + {{ $image }} :
{{ $image }}.matches('^docker[.]io/[^/]+$') ? {{ $image }}.replace('docker.io/', 'docker.io/library/') : {{ $image }}
{{- end }}

{{- /* A policy that refuses, and its binding: (dict "root" $ "resource" its plural). The rest of the policy's spec goes below.
It is about a kind of this operator's, unless there are group, version and names, a list of those of its objects. */}}
{{- define "realmkeeper.policy" -}}
{{- $name := printf "%s-%s" (include "realmkeeper.name" .root) .resource -}}
{{- with .root.Values.watchNamespace }}{{ $name = printf "%s-%s" $name . }}{{ end -}}
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata:
  name: {{ $name }}
  labels: {{- include "realmkeeper.labels" .root | nindent 4 }}
spec:
  policyName: {{ $name }}
  validationActions: [Deny]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata:
  name: {{ $name }}
  labels: {{- include "realmkeeper.labels" .root | nindent 4 }}
spec:
  failurePolicy: Fail
  matchConstraints:
    resourceRules:
      - apiGroups: [{{ .group | default "auth.realmkeeper.io" }}]
        apiVersions: [{{ .version | default "v1alpha1" }}]
        operations: [CREATE, UPDATE]
        resources: [{{ .resource }}]
        {{- with .names }}
        resourceNames: {{- toYaml . | nindent 10 }}
        {{- end }}
    {{- with .root.Values.watchNamespace }}
    namespaceSelector:
      matchLabels:
        kubernetes.io/metadata.name: {{ . }}
    {{- end }}
{{- end }}
