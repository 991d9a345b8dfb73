//! Extractors that read the head of a request, without its body.

/// Makes a type an extractor: the expression returns it, or the error, for the request of this name. The block behind `for`
/// adds what it takes to the description of an operation.
macro_rules! extract {
    ($type:ty, $request:ident => $read:expr $(, for $takes:ident $describe:block)?) => {
        impl actix_web::FromRequest for $type {
            type Error = $crate::http::error::ApiError;
            type Future = std::future::Ready<Result<Self, Self::Error>>;

            fn from_request(
                $request: &actix_web::HttpRequest,
                _: &mut actix_web::dev::Payload,
            ) -> Self::Future {
                std::future::ready($read)
            }
        }

        impl $crate::http::describe::Describe for $type {
            $(fn describe($takes: &mut $crate::http::describe::Takes) $describe)?
        }
    };
}
pub(crate) use extract;
