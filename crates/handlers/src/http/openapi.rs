//! The description of the API: OpenAPI 3.1.1, made from the declarations of the routes and the types that travel.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

use crate::http::{
    describe::{Content, Parameter, Reply, TypeSchema},
    error::ErrorCode,
    route::{Access, Operation, Route},
};

/// Returns the description of these routes below a prefix.
pub(crate) fn document(routes: &[Route], prefix: &str) -> Value {
    let mut types = Types::new();
    let mut paths: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    for route in routes {
        let path = route.path.replace(":.*", "");
        for operation in &route.operations {
            let Some(reply) = &operation.reply else { continue };
            let described = described(&mut types, &path, operation, reply);
            let method = operation.method.as_str().to_ascii_lowercase();
            paths.entry(path.clone()).or_default().insert(method, described);
        }
    }
    let tags: Vec<String> = paths.keys().map(|path| tag(path)).collect();
    let tags: Vec<Value> = TAGS
        .iter()
        .filter(|(name, _)| tags.iter().any(|tag| tag == name))
        .map(|(name, description)| json!({ "name": name, "description": description }))
        .collect();
    let shared = ErrorCode::ALL.iter().map(|code| (code.as_str().to_owned(), refusal(&[*code])));
    let shared: Map<String, Value> = shared.collect();
    let mut document = json!({
        "openapi": "3.1.1",
        "info": {
            "title": "denizen",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "User accounts for your service",
            "description": ABOUT,
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": if prefix.is_empty() { "/" } else { prefix } }],
        "tags": tags,
        "paths": paths,
        "components": {
            "schemas": types.finish(),
            "responses": shared,
            "securitySchemes": {
                "token": { "type": "http", "scheme": "bearer", "description": "The session token from a sign-in." },
                "cookie": {
                    "type": "apiKey", "in": "cookie", "name": "__Host-denizen_session",
                    "description": "For pages of the same site. In development it is called `denizen_session`.",
                },
                "key": { "type": "http", "scheme": "bearer", "description": "A service key." },
                "basic": {
                    "type": "http", "scheme": "basic",
                    "description": "A service key: its number as user name, the key as password.",
                },
            },
        },
    });
    for_readers(&mut document);
    document
}

const ABOUT: &str = "Every route with GET also has HEAD. Unknown members of a body and unknown parameters of a query are \
                     refused.";

/// The parts of the API, in their order, by the first segment of the path that tells them apart.
const TAGS: [(&str, &str); 8] = [
    ("auth", "Signing in, sessions, and the caller's own account"),
    ("users", "Users, and what is done with mailed tokens"),
    ("audit", "The audit trail"),
    ("mail", "Mails that are still to be sent"),
    ("keys", "Service keys, for programs"),
    ("health", "Health, metrics and this description"),
    ("ws", "Messages between connected users"),
    ("demos", "Exercises of the tutorial"),
];

fn tag(path: &str) -> String {
    let mut segments = path.trim_start_matches('/').split('/').filter(|segment| *segment != "api");
    let first = segments.next().unwrap_or_default();
    let tag = match first {
        "livez" | "readyz" | "metrics" | "openapi.json" | "docs" => "health",
        "calculate" | "tasks" | "goroutines" => "demos",
        other => other,
    };
    tag.to_owned()
}

fn described(types: &mut Types, path: &str, operation: &Operation, reply: &Reply) -> Value {
    let Operation { method, summary, takes, .. } = operation;
    let words = path.split(['/', '-', '.']).filter(|word| !word.is_empty() && *word != "api");
    let words: Vec<&str> = words.map(|word| word.trim_matches(['{', '}'])).collect();
    let mut described = json!({
        "operationId": format!("{}_{}", method.as_str().to_ascii_lowercase(), words.join("_")),
        "tags": [tag(path)],
        "summary": summary,
        "description": format!("For {}.", operation.allowed()),
        "x-access": operation.allowed(),
        "security": security(operation),
        "responses": responses(types, operation, reply),
    });
    let parameters: Vec<Value> = takes.parameters.iter().chain(&reply.query).map(parameter).collect();
    if !parameters.is_empty() {
        described["parameters"] = parameters.into();
    }
    if let Some(body) = &takes.body {
        let content = json!({ "schema": types.request(body.schema), "example": example(reply) });
        let content = body.media_types.iter().map(|media_type| ((*media_type).to_owned(), content.clone()));
        described["requestBody"] =
            json!({ "required": true, "content": content.collect::<Map<String, Value>>() });
    }
    described
}

fn example(reply: &Reply) -> Value {
    serde_json::from_str(reply.example).unwrap_or_default()
}

fn security(operation: &Operation) -> Value {
    let nothing = matches!(operation.access, Access::Anyone | Access::Demo | Access::Proxy);
    let session = !matches!(operation.access, Access::Public | Access::Service);
    let ways = [
        (nothing, json!({})),
        (session, json!({ "token": [] })),
        (session, json!({ "cookie": [] })),
        (!operation.scopes.is_empty(), json!({ "key": [] })),
        (!operation.scopes.is_empty(), json!({ "basic": [] })),
    ];
    ways.into_iter().filter_map(|(possible, way)| possible.then_some(way)).collect()
}

fn parameter(parameter: &Parameter) -> Value {
    let Parameter { place, name, kind, meaning } = parameter;
    let schema = json!({ "type": kind });
    json!({ "in": place, "name": name, "description": meaning, "required": *place == "path", "schema": schema })
}

fn responses(types: &mut Types, operation: &Operation, reply: &Reply) -> Value {
    let mut responses = BTreeMap::new();
    responses.insert(reply.status, success(types, operation, reply));
    for status in reply.others {
        let response = match status {
            202 => json_response(*status, envelope(None, None, true), None),
            _ => json!({ "description": reason(*status) }),
        };
        responses.insert(*status, response);
    }
    let codes = operation.codes();
    for code in &codes {
        let status = code.status().as_u16();
        let same: Vec<ErrorCode> =
            codes.iter().copied().filter(|other| other.status() == code.status()).collect();
        let response = match same[..] {
            _ if matches!(reply.content, Content::OAuth(_)) => json_response(status, oauth_error(), None),
            [one] => json!({ "$ref": format!("#/components/responses/{}", one.as_str()) }),
            _ => refusal(&same),
        };
        responses.insert(status, response);
    }
    let responses = responses.into_iter().map(|(status, response)| (status.to_string(), response));
    responses.collect::<Map<String, Value>>().into()
}

/// A response with one of these codes, which have one status.
fn refusal(codes: &[ErrorCode]) -> Value {
    let names: Vec<&str> = codes.iter().map(|code| code.as_str()).collect();
    let schema = json!({
        "allOf": [{ "$ref": "#/components/schemas/ErrorResponse" }, { "properties": { "code": { "enum": names } } }],
    });
    let status = codes.first().map_or(500, |code| code.status().as_u16());
    let mut response = json_response(status, schema, None);
    if matches!(codes, [ErrorCode::RateLimited | ErrorCode::ServiceUnavailable]) {
        let schema = json!({ "type": "integer", "minimum": 1 });
        response["headers"] =
            json!({ "Retry-After": { "description": "Seconds to wait.", "schema": schema } });
    }
    if let [code] = codes {
        response["description"] = format!("{} {}", code.meaning(), code.remedy()).into();
    }
    response
}

/// RFC 6749, section 5.2.
fn oauth_error() -> Value {
    json!({
        "type": "object",
        "properties": { "error": { "type": "string" }, "error_description": { "type": "string" } },
        "required": ["error", "error_description"],
    })
}

fn success(types: &mut Types, operation: &Operation, reply: &Reply) -> Value {
    let is_of_data = operation.takes.body.is_none();
    match reply.content {
        Content::Envelope { data, metadata, complete } => {
            let (data, metadata) =
                (data.map(|data| types.answer(data)), metadata.map(|data| types.answer(data)));
            let example = is_of_data.then(|| example_answer(reply, data.is_some(), metadata.is_some()));
            json_response(reply.status, envelope(data, metadata, complete), example)
        }
        Content::OAuth(schema) => json_response(reply.status, types.answer(schema), None),
        Content::Other(media_type) => {
            let schema =
                if media_type == "application/json" { json!(true) } else { json!({ "type": "string" }) };
            let content = json!({ "schema": schema, "example": example(reply) });
            json!({ "description": reason(reply.status), "content": { media_type: content } })
        }
    }
}

fn example_answer(reply: &Reply, has_data: bool, has_metadata: bool) -> Value {
    let id = "req_01a20730d7b27e3f9c1f6c0a4f1f9f5b";
    let mut answer = json!({ "message": "…", "timestamp": 1_795_416_971, "request_id": id });
    if has_data {
        answer["data"] = example(reply);
    }
    if has_metadata {
        answer["metadata"] = serde_json::from_str(reply.metadata).unwrap_or_default();
    }
    answer
}

fn envelope(data: Option<Value>, metadata: Option<Value>, complete: bool) -> Value {
    let mut properties = json!({
        "message": { "type": "string", "description": "A sentence for people." },
        "timestamp": { "type": "integer", "description": "When the request arrived, in Unix seconds." },
        "request_id": { "type": "string", "description": "As in `X-Request-ID` and in the log." },
    });
    let mut required = vec!["message", "timestamp", "request_id"];
    for (name, schema) in [("data", data), ("metadata", metadata)] {
        if let Some(schema) = schema {
            properties[name] = schema;
            if complete {
                required.push(name);
            }
        }
    }
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

fn json_response(status: u16, schema: Value, example: Option<Value>) -> Value {
    let mut content = json!({ "schema": schema });
    if let Some(example) = example {
        content["example"] = example;
    }
    json!({ "description": reason(status), "content": { "application/json": content } })
}

fn reason(status: u16) -> &'static str {
    StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or("Success")
}

/// The schemas of the types that travel.
struct Types {
    /// Of requests: each is complete in itself, because a type can be read from less than it is written as.
    requests: SchemaGenerator,
    answers: SchemaGenerator,
    named: Map<String, Value>,
}

impl Types {
    fn new() -> Self {
        let settings = || {
            SchemaSettings::draft2020_12().with(|settings| {
                settings.definitions_path = "/components/schemas".into();
                settings.meta_schema = None;
            })
        };
        let requests = settings().with(|settings| settings.inline_subschemas = true).for_deserialize();
        let (requests, answers) = (requests.into_generator(), settings().for_serialize().into_generator());
        Self { requests, answers, named: Map::new() }
    }

    fn request(&mut self, TypeSchema { add }: TypeSchema) -> Value {
        let (name, schema) = add(&mut self.requests);
        let reference = json!({ "$ref": format!("#/components/schemas/{name}") });
        self.named.insert(name, schema.to_value());
        reference
    }

    fn answer(&mut self, TypeSchema { add }: TypeSchema) -> Value {
        add(&mut self.answers).1.to_value()
    }

    fn finish(mut self) -> Value {
        self.answers.subschema_for::<ErrorResponse>();
        self.named.extend(self.answers.take_definitions(true));
        self.named.into()
    }
}

/// What every error consists of.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "stands for denizen_models::ErrorResponse with the details that handlers give")]
struct ErrorResponse {
    /// A sentence for people.
    error: String,
    /// The stable code, for programs.
    code: String,
    /// Where exactly the fault is, if that can be said.
    #[schemars(skip_serializing_if = "Option::is_none", with = "Map<String, Value>")]
    details: Option<Map<String, Value>>,
    /// When the request arrived, in Unix seconds.
    timestamp: i64,
    /// The id of the request, as in `X-Request-ID` and in the log.
    request_id: String,
}

/// Turns comments of the source, which link to items, into text for readers of the API.
fn for_readers(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                if let (Value::String(text), "description") = (&mut *value, name.as_str()) {
                    *text = without_links(text);
                } else {
                    for_readers(value);
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(for_readers),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn without_links(text: &str) -> String {
    let mut parts =
        text.replace("\n\n", " ").replace('\n', " ").split("[`").map(str::to_owned).collect::<Vec<_>>();
    for part in parts.iter_mut().skip(1) {
        if let Some((name, rest)) = part.split_once("`]") {
            let rest =
                rest.strip_prefix('(').and_then(|rest| rest.split_once(')')).map_or(rest, |(_, rest)| rest);
            let name = name.rsplit_once("::").map_or(name, |(_, name)| name);
            *part = format!("`{name}`{rest}");
        }
    }
    parts.concat()
}
