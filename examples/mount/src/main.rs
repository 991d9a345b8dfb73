//! denizen below `/accounts` of an application with routes and a 404 page of its own, without chat and demonstrations.
//!
//! `cargo run -p denizen-example-mount` sends itself a few requests and prints the responses;
//! `cargo run -p denizen-example-mount 127.0.0.1:8080` serves there until Ctrl-C.

use std::{env, error::Error, sync::Arc};

use actix_web::{
    App, HttpResponse, HttpServer,
    http::header::{ACCEPT, AUTHORIZATION},
    middleware::from_fn,
    test::{TestRequest, call_service, init_service, read_body},
    web::{self, ServiceConfig},
};
use denizen_handlers::{Authenticated, HandlerSettings, Services, middleware, mount};
use denizen_hashing::Argon2Hasher;
use denizen_models::{CreateUserRequest, Secret};
use denizen_services::{AccessContext, Accounts};
use denizen_storage_memory::InMemoryStore;
use serde_json::{Value, json};

/// An own route: 401 without a session of denizen.
async fn notes(known: Authenticated) -> String {
    format!("notes of {} (user {})", known.user.values.username, known.user.id)
}

async fn own_not_found() -> HttpResponse {
    HttpResponse::NotFound().body("this application has no such page")
}

/// The routes of the application. The accounts are one line of it.
fn routes(services: &Services) -> impl Fn(&mut ServiceConfig) + Clone + use<> {
    let services = services.clone();
    move |config: &mut ServiceConfig| {
        config
            .configure(mount("/accounts", services.clone(), HandlerSettings::default()))
            .route("/notes", web::get().to(notes))
            .default_service(web::to(own_not_found));
    }
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let hasher = Arc::new(Argon2Hasher::recommended()?);
    let accounts = Accounts::builder(Arc::new(InMemoryStore::new()), hasher).build()?;
    let services = Services::new(accounts.users(), accounts.auth());

    let request = CreateUserRequest {
        username: "ada".to_owned(),
        email: "ada@example.com".to_owned(),
        first_name: "Ada".to_owned(),
        last_name: "Lovelace".to_owned(),
        password: Some(Secret::from("newsecurepassword")),
        ..CreateUserRequest::default()
    };
    accounts.users().create_user(&AccessContext::system(), request).await?;

    let routes = routes(&services);
    match env::args().nth(1) {
        Some(address) => {
            let app = move || App::new().configure(routes.clone()).wrap(from_fn(middleware));
            Ok(HttpServer::new(app).bind(address)?.run().await?)
        }
        None => try_out(routes).await,
    }
}

async fn try_out(routes: impl Fn(&mut ServiceConfig)) -> Result<(), Box<dyn Error>> {
    let app = init_service(App::new().configure(&routes).wrap(from_fn(middleware))).await;

    let login = json!({ "login": "ada", "password": "newsecurepassword" });
    let request = TestRequest::post().uri("/accounts/api/auth/login").set_json(login).to_request();
    let body: Value = serde_json::from_slice(&read_body(call_service(&app, request).await).await)?;
    let token = body["data"]["token"].as_str().ok_or("no token")?;
    println!("POST /accounts/api/auth/login: {}", body["message"]);

    for (path, credentials) in [
        ("/notes", Some(token)),
        ("/notes", None),
        ("/accounts/api/users/1", Some(token)),
        ("/accounts/api/nothing", None),
        ("/accounts/ws", Some(token)),
        ("/nothing", None),
    ] {
        let mut request = TestRequest::get().uri(path).insert_header((ACCEPT, "application/json"));
        if let Some(token) = credentials {
            request = request.insert_header((AUTHORIZATION, format!("Bearer {token}")));
        }
        let response = call_service(&app, request.to_request()).await;
        let (status, body) = (response.status().as_u16(), read_body(response).await);
        let text = match serde_json::from_slice::<Value>(&body) {
            Ok(json) => format!("{}", json.get("code").or(json.get("message")).unwrap_or(&Value::Null)),
            Err(_) => String::from_utf8_lossy(&body).into_owned(),
        };
        let session = if credentials.is_some() { "with a session" } else { "without a session" };
        println!("GET {path} {session}: {status} {text}");
    }
    Ok(())
}
