//! Extractors that read the head of a request, without its body.

/// Makes a type an extractor: the expression returns it, or the error, for the request of this name.
macro_rules! extract {
    ($type:ty, $request:ident => $read:expr) => {
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
    };
}
pub(crate) use extract;
