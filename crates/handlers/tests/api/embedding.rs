//! The handlers as a part of somebody else's application.

mod sign_in;

use actix_web::{
    App, HttpResponse,
    test::{TestRequest, call_service, init_service, read_body},
    web,
};
use denizen_handlers::configure;

use crate::support::{Setup, requests::request};

#[actix_web::test]
async fn routes_that_were_mounted_before_stay_theirs() {
    let (services, settings, ..) = Setup::default().wire();
    let own = web::resource("/own").to(|| async { HttpResponse::Ok().body("theirs") });
    let app = init_service(App::new().service(own).configure(configure(services, settings))).await;

    let answer = call_service(&app, TestRequest::with_uri("/own").to_request()).await;
    assert!(!answer.headers().contains_key("x-request-id"));
    assert_eq!((answer.status().as_u16(), read_body(answer).await.as_ref()), (200, "theirs".as_bytes()));

    let answer = call_service(&app, TestRequest::with_uri("/health").to_request()).await;
    assert!(answer.headers().contains_key("x-request-id"));
    assert_eq!(answer.status().as_u16(), 200);
}

#[actix_web::test]
async fn what_nobody_takes_is_answered_here() {
    let (services, settings, ..) = Setup::default().wire();
    let theirs = web::to(|| async { HttpResponse::NotFound().body("their own page") });
    let app = App::new().configure(configure(services, settings)).default_service(theirs);
    let app = init_service(app).await;

    let answer = call_service(&app, TestRequest::with_uri("/nope").to_request()).await;
    assert_eq!(answer.status().as_u16(), 404);
    assert!(answer.headers().contains_key("x-request-id"));
    assert!(read_body(answer).await.starts_with(b"<!doctype html>"));
}

#[actix_web::test]
async fn what_is_no_path_at_all_is_answered_here_too() {
    let (services, settings, ..) = Setup::default().wire();
    let app = init_service(App::new().configure(configure(services, settings))).await;
    for method in ["OPTIONS", "GET"] {
        let answer = call_service(&app, request(method, "*").to_request()).await;
        assert_eq!(answer.status().as_u16(), 404);
        for name in ["x-request-id", "content-security-policy", "x-content-type-options"] {
            assert!(answer.headers().contains_key(name), "{name}");
        }
        assert!(read_body(answer).await.starts_with(b"<!doctype html>"));
    }
}
