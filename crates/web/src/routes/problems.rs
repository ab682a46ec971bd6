//! The pages that the `type` of a problem leads to.

use super::Endpoint;
use crate::extract::ProblemType;
use crate::problem::{list, page};
use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::hidden(Method::GET, "/problems", problems),
        Endpoint::hidden(Method::GET, "/problems/{slug}", problem),
    ]
}

async fn problems() -> HttpResponse {
    html(list())
}

async fn problem(ProblemType(kind): ProblemType) -> HttpResponse {
    html(page(kind))
}

fn html(page: String) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "public, max-age=3600"))
        .insert_header((CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'"))
        .content_type("text/html; charset=utf-8")
        .body(page)
}
