//! What an operation takes and answers: the part of a route's declaration from which OpenAPI and the reference are made.

use actix_web::{HttpRequest, web::Data};

use crate::http::error::ErrorCode;

#[cfg(feature = "openapi")]
pub(crate) use schemars::JsonSchema as Described;

/// What travels as JSON: it has a schema if the feature `openapi` is on.
#[cfg(not(feature = "openapi"))]
pub(crate) trait Described {}
#[cfg(not(feature = "openapi"))]
impl<T: ?Sized> Described for T {}

/// How to describe a type.
#[derive(Debug, Clone, Copy)]
pub struct TypeSchema {
    /// Returns the name of the type, and adds its schema to the others.
    #[cfg(feature = "openapi")]
    pub(crate) add: fn(&mut schemars::SchemaGenerator) -> (String, schemars::Schema),
}

impl TypeSchema {
    #[cfg(feature = "openapi")]
    pub(crate) fn of<T: Described>() -> Self {
        Self { add: |generator| (T::schema_name().into_owned(), generator.subschema_for::<T>()) }
    }

    #[cfg(not(feature = "openapi"))]
    pub(crate) const fn of<T: Described>() -> Self {
        Self {}
    }
}

/// A value in the path, the query or the head of a request.
#[derive(Debug, Clone, Copy)]
pub struct Parameter {
    /// `path`, `query` or `header`.
    pub place: &'static str,
    /// Its name.
    pub name: &'static str,
    /// `string`, `integer` or `boolean`.
    pub kind: &'static str,
    /// What it is, for readers.
    pub meaning: &'static str,
}

/// Returns the description of a query parameter.
pub(crate) const fn query(name: &'static str, kind: &'static str, meaning: &'static str) -> Parameter {
    Parameter { place: "query", name, kind, meaning }
}

/// The parameters of every list with pages.
pub(crate) const PAGE: [Parameter; 2] = [
    query("limit", "integer", "At most this many, 1 to 200; 50 by default."),
    query("cursor", "string", "`next_cursor` of the page before."),
];

/// The body of a request.
#[derive(Debug, Clone, Copy)]
pub struct Body {
    /// What it is.
    pub schema: TypeSchema,
    /// What `Content-Type` may say.
    pub media_types: &'static [&'static str],
    /// Says why a text is not such a body.
    pub check: fn(&[u8]) -> Result<(), String>,
}

/// What a request consists of, as the extractors of its handler tell.
#[derive(Debug, Clone, Default)]
pub struct Takes {
    /// Absent if the body is not looked at.
    pub body: Option<Body>,
    /// Without those of the query, which `Reply` lists.
    pub parameters: Vec<Parameter>,
    /// With what the extractors refuse a request.
    pub codes: Vec<ErrorCode>,
}

impl Takes {
    /// Describes the extractors of a handler at this path.
    pub(crate) fn of<Args: Describe>(path: &str) -> Self {
        let mut takes = Self::default();
        Args::describe(&mut takes);
        let is_there = |name: &str| path.contains(&format!("{{{name}"));
        takes.parameters.retain(|parameter| parameter.place != "path" || is_there(parameter.name));
        let about_ids = [ErrorCode::MissingUserId, ErrorCode::InvalidUserId];
        takes.codes.retain(|code| is_there("id") || !about_ids.contains(code));
        takes
    }

    pub(crate) fn parameter(&mut self, place: &'static str, name: &'static str, meaning: &'static str) {
        let kind = if place == "path" { "integer" } else { "string" };
        self.parameters.push(Parameter { place, name, kind, meaning });
    }
}

/// What an extractor takes of a request. A handler with an extractor that does not say so does not compile.
pub(crate) trait Describe {
    /// Adds it to the others.
    fn describe(_takes: &mut Takes) {}
}

impl Describe for HttpRequest {}
impl<T: ?Sized> Describe for Data<T> {}
impl<T: ?Sized> Describe for Option<Data<T>> {}

macro_rules! describe_tuples {
    ($(($($part:ident)*))*) => {
        $(impl<$($part: Describe),*> Describe for ($($part,)*) {
            fn describe(takes: &mut Takes) {
                $($part::describe(takes);)*
                let _ = takes;
            }
        })*
    };
}
describe_tuples! { () (A) (A B) (A B C) (A B C D) (A B C D E) (A B C D E F) (A B C D E F G) }

/// What the response to a request consists of.
#[derive(Debug, Clone, Copy)]
pub enum Content {
    /// The envelope with these parts; those that can be left out, if `complete` is `false`.
    Envelope {
        /// What was asked for.
        data: Option<TypeSchema>,
        /// Facts about the answer.
        metadata: Option<TypeSchema>,
        /// Whether the parts are always there.
        complete: bool,
    },
    /// Bare JSON; then errors are those of OAuth, too.
    OAuth(TypeSchema),
    /// Something else, of this media type.
    Other(&'static str),
}

/// What an operation answers when all goes well, and with which errors its service refuses.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The status of a success.
    pub status: u16,
    /// What the success consists of.
    pub content: Content,
    /// Other statuses of successes: 202 with a message alone, the others without content.
    pub others: &'static [u16],
    /// The errors of the service, without those that all operations share.
    pub codes: &'static [ErrorCode],
    /// The parameters of the query.
    pub query: Vec<Parameter>,
    /// A body; of an operation without one, `data` of its response. JSON.
    pub example: &'static str,
    /// `metadata` that goes with such `data`. JSON.
    pub metadata: &'static str,
}

/// Begins the description of an operation that answers with this status and a message.
pub(crate) const fn reply(status: u16) -> Reply {
    let content = Content::Envelope { data: None, metadata: None, complete: true };
    Reply { status, content, others: &[], codes: &[], query: Vec::new(), example: "", metadata: "" }
}

impl Reply {
    /// The response contains this.
    pub(crate) fn data<T: Described>(self) -> Self {
        self.parts::<T>(None)
    }

    /// The response contains a list of these, and says how many.
    pub(crate) fn data_with<T: Described, M: Described>(self) -> Self {
        self.parts::<T>(Some(TypeSchema::of::<M>()))
    }

    fn parts<T: Described>(self, metadata: Option<TypeSchema>) -> Self {
        let data = Some(TypeSchema::of::<T>());
        Self { content: Content::Envelope { data, metadata, complete: true }, ..self }
    }

    /// The response contains what was declared so far, or not.
    #[cfg(any(feature = "demos", feature = "messages"))]
    pub(crate) fn or_less(mut self) -> Self {
        if let Content::Envelope { complete, .. } = &mut self.content {
            *complete = false;
        }
        self
    }

    /// The response is bare JSON, and errors are those of OAuth (RFC 6749, section 5.2).
    pub(crate) fn oauth<T: Described>(self) -> Self {
        Self { content: Content::OAuth(TypeSchema::of::<T>()), ..self }
    }

    /// The response is not an envelope.
    pub(crate) fn other(self, media_type: &'static str) -> Self {
        Self { content: Content::Other(media_type), ..self }
    }

    /// The response can have these statuses, too.
    pub(crate) fn or_status(self, others: &'static [u16]) -> Self {
        Self { others, ..self }
    }

    /// The service refuses with these errors.
    pub(crate) fn refuses(self, codes: &'static [ErrorCode]) -> Self {
        Self { codes, ..self }
    }

    /// The query has these parameters.
    pub(crate) fn query(mut self, parameters: &[Parameter]) -> Self {
        self.query.extend_from_slice(parameters);
        self
    }

    /// A body; of an operation without one, `data` of its response.
    pub(crate) fn example(self, example: &'static str) -> Self {
        Self { example, ..self }
    }

    /// `data` of a response, and the `metadata` that goes with it.
    pub(crate) fn example_with(self, example: &'static str, metadata: &'static str) -> Self {
        Self { example, metadata, ..self }
    }
}
