# The control plane: `leoflow`, the libraries that it is linked with and Airflow's web UI; no shell, no package manager.
# deploy/images/build makes the context, and says which Debian packages the libraries are in.
ARG BASE=docker.io/library/debian:12-slim
FROM ${BASE} AS files
ARG PACKAGES
RUN apt-get update -qq \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends ca-certificates tzdata ${PACKAGES}
COPY . /context
RUN /context/gather whole /context/bin/leoflow /image \
 && mkdir -p /image/usr/share/leoflow && cp -r /context/site-packages /image/usr/share/leoflow/ \
 && install -d -o 65532 -g 65532 /image/var/log/leoflow

FROM scratch
ARG VERSION
LABEL org.opencontainers.image.title="Leoflow server" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=files /image /
ENV LEOFLOW_AIRFLOW_FOLDER=/usr/share/leoflow/site-packages/airflow \
    LEOFLOW_HOME=/tmp/leoflow \
    HOME=/tmp
USER 65532:65532
EXPOSE 8080 9090 9091
ENTRYPOINT ["/usr/bin/leoflow"]
