# For the pipelines of projects: the command `leoflow`, a Python that reads DAG files, git and buildah. It runs as root, who
# may make images.
ARG DEBIAN=docker.io/library/debian:12-slim
ARG BASE
FROM ${DEBIAN} AS command
ARG PACKAGES
RUN apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends patchelf ${PACKAGES}
COPY . /context
RUN /context/gather portable /context/bin/leoflow /opt/leoflow

FROM ${BASE}
ARG VERSION
LABEL org.opencontainers.image.title="Leoflow command" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.licenses="Apache-2.0"
USER root
RUN apt-get update -qq \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends ca-certificates git buildah \
 && rm -rf /var/lib/apt/lists/*
# What `leoflow setup` wants besides: the pages of the API's description.
COPY airflow.pin /opt/leoflow/airflow.pin
RUN pip install --quiet --no-cache-dir --disable-pip-version-check \
      --constraint /opt/leoflow/constraints.txt --requirement /opt/leoflow/airflow.pin
COPY --from=command /opt/leoflow/bin/leoflow /opt/leoflow/bin/
COPY --from=command /opt/leoflow/lib /opt/leoflow/lib
COPY --from=command /opt/leoflow/packages /opt/leoflow/packages
# Without a daemon, and without what a container in a pipeline may not do.
ENV PATH=/opt/leoflow/bin:${PATH} \
    HOME=/root \
    BUILDAH_ISOLATION=chroot \
    STORAGE_DRIVER=vfs
WORKDIR /project
ENTRYPOINT []
CMD ["leoflow", "--help"]
