//! denizen over HTTP: routes, extractors, middleware, error mapping
