//! What the routes say about themselves.

use denizen_handlers::{Content, Operation, ROUTES, Reply};
use serde_json::Value;

fn operations() -> impl Iterator<Item = (&'static str, &'static Operation)> {
    ROUTES.iter().flat_map(|route| route.operations.iter().map(|operation| (route.path, operation)))
}

fn described() -> impl Iterator<Item = (String, &'static Operation, &'static Reply)> {
    operations().filter_map(|(path, operation)| {
        let name = format!("{} {path}", operation.method);
        operation.reply.as_ref().map(|reply| (name, operation, reply))
    })
}

/// A route of the API without `.answers(…)` beside its declaration is missing in OpenAPI and in the reference.
#[test]
fn every_operation_but_those_of_pages_says_what_it_answers() {
    let is_page = |path: &str| {
        let first = path.trim_start_matches('/').split('/').next();
        !["api", "health", "livez", "metrics", "readyz", "ws"].contains(&first.unwrap_or_default())
    };
    let wrong = operations().filter(|(path, operation)| operation.reply.is_some() == is_page(path));
    let wrong: Vec<_> = wrong.map(|(path, operation)| format!("{} {path}", operation.method)).collect();
    assert_eq!(wrong, [""; 0]);
}

#[test]
fn every_example_is_a_body_that_the_handler_reads_or_json() {
    for (name, operation, reply) in described() {
        let read = match &operation.takes.body {
            Some(body) => (body.check)(reply.example.as_bytes()),
            None if reply.example.is_empty() => Ok(()),
            None => {
                serde_json::from_str::<Value>(reply.example).map(|_| ()).map_err(|error| error.to_string())
            }
        };
        assert_eq!(read, Ok(()), "{name}");
    }
}

#[test]
fn every_answer_with_data_has_an_example() {
    for (name, operation, reply) in described() {
        let Content::Envelope { data: Some(_), metadata, .. } = &reply.content else { continue };
        assert!(!reply.example.is_empty(), "{name}");
        let needs_metadata = operation.takes.body.is_none() && metadata.is_some();
        assert_eq!(!reply.metadata.is_empty(), needs_metadata, "{name}");
    }
}

#[test]
fn every_parameter_of_the_path_is_described() {
    for (path, operation) in operations() {
        let described = operation.takes.parameters.iter().filter(|parameter| parameter.place == "path");
        let named = path.split('{').skip(1).map(|part| part.split([':', '}']).next().unwrap());
        let (mut described, mut named): (Vec<_>, Vec<_>) =
            (described.map(|parameter| parameter.name).collect(), named.collect());
        described.sort_unstable();
        named.sort_unstable();
        assert_eq!(described, named, "{} {path}", operation.method);
    }
}
