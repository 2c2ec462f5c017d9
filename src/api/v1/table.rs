//! The routes of the API as a table: each with its method, its path and the role that it takes. Owns that nobody gets past
//! his role, whatever the path looks like; the router is made of the table and of nothing else.

use super::super::refusal::Refusal;
use super::super::web::{Granted, NeedsMore};
use super::shared::Shared;
use axum::Router;
use axum::extract::{Request, State};
use axum::handler::Handler;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{self, MethodRouter};
use http::StatusCode;
use phpeek_settings::web::Role;
use std::sync::Arc;

/// A route.
pub(super) struct Route {
    path: &'static str,
    /// `None`: it is answered to everybody.
    needs: Option<Role>,
    handler: MethodRouter<Arc<Shared>>,
}

impl Route {
    /// What only looks.
    pub(super) fn get<H: Handler<T, Arc<Shared>>, T: 'static>(
        path: &'static str,
        needs: impl Into<Option<Role>>,
        handler: H,
    ) -> Self {
        Self { path, needs: needs.into(), handler: routing::get(handler) }
    }

    /// What has something done.
    pub(super) fn post<H: Handler<T, Arc<Shared>>, T: 'static>(
        path: &'static str,
        needs: Role,
        handler: H,
    ) -> Self {
        Self { path, needs: Some(needs), handler: routing::post(handler) }
    }

    /// What changes something that is there.
    pub(super) fn put<H: Handler<T, Arc<Shared>>, T: 'static>(
        path: &'static str,
        needs: Role,
        handler: H,
    ) -> Self {
        Self { path, needs: Some(needs), handler: routing::put(handler) }
    }

    /// What takes something away.
    pub(super) fn delete<H: Handler<T, Arc<Shared>>, T: 'static>(
        path: &'static str,
        needs: Role,
        handler: H,
    ) -> Self {
        Self { path, needs: Some(needs), handler: routing::delete(handler) }
    }
}

/// The router of a table.
pub(super) fn router(table: Vec<Route>) -> Router<Arc<Shared>> {
    table.into_iter().fold(Router::new(), |router, route| {
        let handler = match route.needs {
            None => route.handler,
            Some(needs) => route.handler.route_layer(from_fn_with_state(needs, permit)),
        };
        router.route(route.path, handler)
    })
}

/// An answer to whatever else is asked for at a path, for those who may look.
pub(super) fn anything<H: Handler<T, Arc<Shared>>, T: 'static>(handler: H) -> MethodRouter<Arc<Shared>> {
    routing::any(handler).layer(from_fn_with_state(Role::Read, permit))
}

/// Who was granted nothing may nothing: a request that nobody has judged is none of anybody.
async fn permit(State(needs): State<Role>, request: Request, next: Next) -> Response {
    let granted = request.extensions().get::<Granted>().and_then(|granted| granted.0);
    if granted.is_some_and(|role| role >= needs) {
        return next.run(request).await;
    }
    let own = granted.map_or("none", Role::as_str);
    let message = format!("the role {} is needed, and this token has {own}", needs.as_str());
    let mut response = Refusal(StatusCode::FORBIDDEN, message).into_response();
    response.extensions_mut().insert(NeedsMore(needs));
    response
}
