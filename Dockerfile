# syntax=docker/dockerfile:1
# One image, two static binaries: the operator and the auth server it deploys.
FROM --platform=$BUILDPLATFORM golang:1.26-bookworm AS build
ARG TARGETOS TARGETARCH VERSION=dev
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY api api
COPY authserver authserver
COPY cmd cmd
COPY controllers controllers
COPY internal internal
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH go build -trimpath -buildvcs=false -gcflags=all=-dwarf=false \
    -ldflags "-s -w -X main.version=$VERSION" -o /out/ ./cmd/operator ./cmd/authserver

FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /out/operator /out/authserver /
USER 65532:65532
ENTRYPOINT ["/operator"]
