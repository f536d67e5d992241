# The dashboard as a container: one static program, no shell, no root.
#
#   docker build -t kuratchi-dashboard .
#   docker run -p 8080:8080 -v kuratchi:/data -e KURATCHI_PUBLIC_URL=https://panel.example.com kuratchi-dashboard
#
# The session cookie: browsers keep it on https, and on http only for localhost.
# Behind a proxy that ends TLS, KURATCHI_PUBLIC_URL has to be the https address
# that people open, and KURATCHI_TRUSTED_PROXIES the proxy's network, or nobody
# can sign in. docs/configuration.md has both.

FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
# The line of "make build"; a rule in internal/check compares them.
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o bin/dashboard ./cmd/dashboard
# What scratch lacks: the user, a data folder that belongs to it, and /tmp.
RUN mkdir -p /image/etc /image/tmp /data && chmod 1777 /image/tmp && \
    echo 'kuratchi:x:65532:65532:kuratchi:/data:/sbin/nologin' > /image/etc/passwd && \
    echo 'kuratchi:x:65532:' > /image/etc/group

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /image/ /
COPY --from=build --chown=65532:65532 /data /data
COPY --from=build /src/bin/dashboard /dashboard
ENV KURATCHI_DATA=/data KURATCHI_LISTEN=0.0.0.0:8080
USER 65532:65532
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=15s --retries=3 CMD ["/dashboard", "healthcheck"]
ENTRYPOINT ["/dashboard"]
