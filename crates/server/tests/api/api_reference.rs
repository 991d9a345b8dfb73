//! The committed description of the API is the one of this server.

use std::{fs, path::Path};

use denizen_handlers::{errors_page, openapi, reference_page};

#[track_caller]
fn is_committed(file: &str, command: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference").join(file);
    let committed = fs::read_to_string(path).unwrap_or_default();
    assert!(
        committed == text,
        "docs/reference/{file} is not what the routes say; in the root of the repository, run \
         `cargo run --quiet -- api {command} > docs/reference/{file}`"
    );
}

#[test]
fn the_openapi_document_is_as_committed() {
    is_committed("openapi.json", "openapi", &openapi());
}

#[test]
fn the_page_of_routes_is_as_committed() {
    is_committed("api.md", "reference", &reference_page());
}

#[test]
fn the_page_of_error_codes_is_as_committed() {
    is_committed("errors.md", "errors", &errors_page());
}
