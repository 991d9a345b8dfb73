//! Schemas of types that serde is not told about by attributes.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};

use crate::types::{Patch, Secret};

/// Declares that a type travels as another, and is described as that.
macro_rules! as_other {
    ($([$($generic:tt)*] $type:ty => $other:ty;)*) => {
        $(impl<$($generic)*> JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                <$other>::schema_name()
            }

            fn json_schema(generator: &mut SchemaGenerator) -> Schema {
                <$other>::json_schema(generator)
            }
        })*
    };
}

as_other! {
    [] Secret => String;
    [T: JsonSchema] Patch<T> => Option<T>;
}
