"""HTTP service: page images by the IIIF Image API, manifests, content search."""
