# What the image of a project starts from: a Python with the pinned Airflow packages, and the agent that runs one task.
# deploy/images/build makes the context, and says which Debian packages the agent's libraries are in.
ARG DEBIAN=docker.io/library/debian:12-slim
ARG BASE=docker.io/library/python:3.11-slim
FROM ${DEBIAN} AS agent
ARG PACKAGES
RUN apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends patchelf ${PACKAGES}
COPY . /context
RUN /context/gather portable /context/bin/leoflow-agent /opt/leoflow

FROM ${BASE}
ARG VERSION
LABEL org.opencontainers.image.title="Leoflow task" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=agent /opt/leoflow /opt/leoflow
COPY airflow.pin constraints.txt /opt/leoflow/
COPY python /opt/leoflow/python
# The pages of the UI are the server's. Compiled here: nothing can be written where tasks run. Nobody becomes root there.
RUN python3 -m venv /opt/leoflow/venv \
 && /opt/leoflow/venv/bin/pip install --quiet --no-cache-dir --disable-pip-version-check \
      --constraint /opt/leoflow/constraints.txt --requirement /opt/leoflow/airflow.pin \
 && rm -rf /opt/leoflow/venv/lib/python3*/site-packages/airflow/ui/dist \
      /opt/leoflow/venv/lib/python3*/site-packages/airflow/api_fastapi/auth/managers/simple/ui/dist \
 && /opt/leoflow/venv/bin/python -m compileall -q /opt/leoflow/python \
 && echo 'leoflow:x:65532:65532::/tmp:/usr/sbin/nologin' >>/etc/passwd \
 && echo 'leoflow:x:65532:' >>/etc/group \
 && mkdir /opt/leoflow/dags \
 && find / -xdev -type f -perm /6000 -exec chmod a-s {} +
ENV PATH=/opt/leoflow/venv/bin:${PATH} \
    HOME=/tmp \
    LANG=C.UTF-8
WORKDIR /opt/leoflow/dags
USER 65532:65532
ENTRYPOINT ["/opt/leoflow/bin/leoflow-agent", "--python", "/opt/leoflow/venv/bin/python", \
            "--worker-path", "/opt/leoflow/python", "--home", "/tmp/leoflow", "--dags", "/opt/leoflow/dags"]
