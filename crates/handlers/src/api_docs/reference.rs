//! The pages that are made from the description of the API.

use minijinja::Environment;
use serde_json::{Value, json};

use crate::{
    ROUTES,
    http::{ApiResult, AppState, ErrorCode, document},
    pages::Page,
};

const PAGE: Page = Page(include_str!("../../pages/api.html"));
const REFERENCE: &str = include_str!("../../pages/api.md");
const ERRORS: &str = include_str!("../../pages/errors.md");

/// Returns the description of every route, whichever services are given, as JSON (OpenAPI 3.1).
#[must_use]
pub fn openapi() -> String {
    text(&document(&ROUTES, ""))
}

/// Returns the reference of every route, whichever services are given, in Markdown.
#[must_use]
pub fn reference_page() -> String {
    markdown(REFERENCE)
}

/// Returns the page of all error codes, in Markdown.
#[must_use]
pub fn errors_page() -> String {
    markdown(ERRORS)
}

fn markdown(template: &str) -> String {
    let values = values(&document(&ROUTES, ""));
    let rendered = Environment::new().render_named_str("page.md", template, values);
    rendered.unwrap_or_else(|error| format!("{error:#}\n"))
}

pub(super) fn text(document: &Value) -> String {
    format!("{document:#}\n")
}

/// Returns the description of the routes that are mounted.
pub(super) fn mounted(state: &AppState) -> Value {
    let routes: Vec<_> = ROUTES.iter().filter(|route| state.paths.contains(&route.path)).cloned().collect();
    document(&routes, &state.prefix)
}

pub(super) fn html(state: &AppState) -> ApiResult<String> {
    PAGE.render(state, values(&mounted(state)))
}

/// What the templates show.
fn values(document: &Value) -> minijinja::Value {
    let errors: Vec<Value> = ErrorCode::ALL
        .iter()
        .map(|code| {
            json!({
                "status": code.status().as_u16(), "code": code.as_str(), "meaning": code.meaning(),
                "remedy": code.remedy(),
            })
        })
        .collect();
    minijinja::value::Serde(
        json!({ "operations": operations(document), "types": types(document), "errors": errors }),
    )
    .into()
}

/// The operations in the order of their tags.
fn operations(document: &Value) -> Vec<Value> {
    let empty = Vec::new();
    let tags = document["tags"].as_array().unwrap_or(&empty);
    let mut operations = Vec::new();
    for tag in tags {
        let mut part = Some(&tag["description"]);
        let paths = document["paths"].as_object().into_iter().flatten();
        for (path, methods) in paths {
            for (method, operation) in methods.as_object().into_iter().flatten() {
                if operation["tags"][0] == tag["name"] {
                    operations.push(shown(path, method, operation, part.take()));
                }
            }
        }
    }
    operations
}

/// `part` is the heading above it, if there is one.
fn shown(path: &str, method: &str, operation: &Value, part: Option<&Value>) -> Value {
    let body = operation["requestBody"]["content"].as_object().and_then(|content| content.values().next());
    let mut example = body.map(|body| body["example"].clone());
    let (mut successes, mut errors) = (Vec::new(), Vec::new());
    for (status, response) in operation["responses"].as_object().into_iter().flatten() {
        if let Some(code) = response["$ref"].as_str().and_then(|name| name.rsplit('/').next()) {
            errors.push(json!({ "status": status, "codes": [code] }));
            continue;
        }
        let content = response["content"].as_object().and_then(|content| content.iter().next());
        let schema = content.map(|(_, content)| &content["schema"]);
        if let Some(codes) =
            schema.and_then(|schema| schema["allOf"][1]["properties"]["code"]["enum"].as_array())
        {
            errors.push(json!({ "status": status, "codes": codes }));
            continue;
        }
        let parts = schema.map(|schema| &schema["properties"]);
        let of_envelope = |name: &str| parts.and_then(|parts| parts.get(name)).map(type_of);
        let other =
            content.map(|(media_type, _)| media_type).filter(|media_type| *media_type != "application/json");
        successes.push(json!({
            "status": status, "data": of_envelope("data"), "metadata": of_envelope("metadata"), "other": other,
            "reason": response["description"],
        }));
        example = example.or_else(|| Some(content?.1.get("example")?.clone()));
    }
    json!({
        "part": part, "method": method.to_uppercase(), "path": path, "id": operation["operationId"],
        "summary": operation["summary"], "access": operation["x-access"], "parameters": operation["parameters"],
        "body": body.map(|body| type_of(&body["schema"])), "successes": successes, "errors": errors,
        "example": example.map(|example| format!("{example:#}")),
    })
}

fn types(document: &Value) -> Vec<Value> {
    let schemas = document["components"]["schemas"].as_object().into_iter().flatten();
    let shown = |(name, schema): (&String, &Value)| {
        let required = schema["required"].as_array();
        let members = schema["properties"].as_object().into_iter().flatten().map(|(member, schema)| {
            let is_required = required.is_some_and(|required| required.iter().any(|name| name == member));
            json!({
                "name": member, "type": type_of(schema), "required": is_required,
                "meaning": schema["description"],
            })
        });
        let members: Vec<Value> = members.collect();
        json!({ "name": name, "meaning": schema["description"], "members": members, "type": type_of(schema) })
    };
    schemas.map(shown).collect()
}

/// Says in a few words what a schema allows.
fn type_of(schema: &Value) -> String {
    let list = |schemas: &Value| {
        let schemas = schemas.as_array().into_iter().flatten();
        schemas.map(type_of).collect::<Vec<_>>().join(" or ")
    };
    if let Some(name) = schema["$ref"].as_str() {
        return name.rsplit_once('/').map_or(name, |(_, name)| name).to_owned();
    }
    if let Some(values) = schema["enum"].as_array() {
        return values.iter().map(Value::to_string).collect::<Vec<_>>().join(" or ");
    }
    match (&schema["anyOf"], &schema["type"], &schema["items"]) {
        (any @ Value::Array(_), _, _) => list(any),
        (_, Value::String(name), items @ Value::Object(_)) if name == "array" => {
            format!("list of {}", type_of(items))
        }
        (_, Value::String(name), _) => match schema["format"].as_str() {
            Some("date-time") => "time".to_owned(),
            _ => name.clone(),
        },
        (_, Value::Array(names), items) => {
            let name = |name: &Value| match name.as_str() {
                Some("string") if schema["format"] == "date-time" => "time".to_owned(),
                Some("array") if items.is_object() => format!("list of {}", type_of(items)),
                Some(name) => name.to_owned(),
                None => name.to_string(),
            };
            names.iter().map(name).collect::<Vec<_>>().join(" or ")
        }
        _ => "any".to_owned(),
    }
}
