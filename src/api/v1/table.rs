//! The routes of the API as a table: each with its method, its path and the role that it takes. Owns that nobody gets past
//! his role, whatever the path looks like, and that nothing is asked for that nobody reads; the router is made of the table
//! and of nothing else.

use super::super::answers::Routed;
use super::super::query::Query;
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

/// Where the API lies.
pub(super) const BASE: &str = "/api/v1";

/// What may stand in the query of a request, and what it is.
pub(super) type Param = (&'static str, Kind, &'static str);

/// What the value of a parameter is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    /// A text.
    Text,
    /// A text without which nothing can be answered.
    Needed,
    /// A whole number from here on.
    From(u32),
    /// A whole number from here to there.
    Whole(u32, u32),
    /// Seconds.
    Seconds,
    /// One of these.
    Word(&'static [&'static str]),
}

/// What a route answers with.
#[derive(Debug, Clone, Copy)]
pub(super) enum Gives {
    /// JSON of this schema.
    Json(&'static str),
    /// Server-sent events.
    Events,
}

/// A route, and what the document says of it.
pub(super) struct Route {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    /// `None`: it is answered to everybody.
    pub(super) needs: Option<Role>,
    handler: MethodRouter<Arc<Shared>>,
    pub(super) about: &'static str,
    pub(super) query: &'static [Param],
    /// The schema of its body, and whether there has to be one.
    pub(super) body: Option<(&'static str, bool)>,
    /// What it answers when all is well.
    pub(super) gives: Vec<(u16, Gives)>,
    /// With what it refuses, beside what every route may answer.
    pub(super) refuses: &'static [u16],
}

/// A way to write a route for each method.
macro_rules! routes {
    ($($(#[$meta:meta])* $method:ident;)*) => { $(
        $(#[$meta])*
        pub(super) fn $method<H: Handler<T, Arc<Shared>>, T: 'static>(
            path: &'static str,
            needs: impl Into<Option<Role>>,
            handler: H,
        ) -> Self {
            Self::of(stringify!($method), path, needs.into(), routing::$method(handler))
        }
    )* };
}

impl Route {
    routes! {
        /// What only looks.
        get;
        /// What has something done.
        post;
        /// What changes something that is there.
        put;
        /// What takes something away.
        delete;
    }

    fn of(
        method: &'static str,
        path: &'static str,
        needs: Option<Role>,
        handler: MethodRouter<Arc<Shared>>,
    ) -> Self {
        let (about, query, body, gives, refuses) = ("", &[][..], None, Vec::new(), &[][..]);
        Self { method, path, needs, handler, about, query, body, gives, refuses }
    }

    /// What it is for, and the schema of its answer when all is well.
    pub(super) fn tells(self, about: &'static str, schema: &'static str) -> Self {
        Self { about, ..self }.or(200, Gives::Json(schema))
    }

    /// What its stream is of.
    pub(super) fn streams(self, about: &'static str) -> Self {
        Self { about, ..self }.or(200, Gives::Events)
    }

    /// What it has done, told at once or as an operation that is under way.
    pub(super) fn does(self, about: &'static str) -> Self {
        self.tells(about, "Done").or(202, Gives::Json("Begun"))
    }

    /// Another answer.
    pub(super) fn or(mut self, status: u16, gives: Gives) -> Self {
        self.gives.push((status, gives));
        self
    }

    /// What may be asked for in the query.
    pub(super) fn with(self, query: &'static [Param]) -> Self {
        Self { query, ..self }
    }

    /// The body that there has to be.
    pub(super) fn takes(self, schema: &'static str) -> Self {
        Self { body: Some((schema, true)), ..self }
    }

    /// The body that there may be.
    pub(super) fn may_take(self, schema: &'static str) -> Self {
        Self { body: Some((schema, false)), ..self }
    }

    /// With what it refuses.
    pub(super) fn refuses(self, refuses: &'static [u16]) -> Self {
        Self { refuses, ..self }
    }
}

/// What is looked at before a route is.
#[derive(Clone, Copy)]
struct Gate {
    needs: Option<Role>,
    path: &'static str,
    query: &'static [Param],
}

/// The router of a table.
pub(super) fn router(table: Vec<Route>) -> Router<Arc<Shared>> {
    table.into_iter().fold(Router::new(), |router, route| {
        let gate = Gate { needs: route.needs, path: route.path, query: route.query };
        router.route(route.path, route.handler.route_layer(from_fn_with_state(gate, permit)))
    })
}

/// An answer to whatever else is asked for at a path, for those who may look.
pub(super) fn anything<H: Handler<T, Arc<Shared>>, T: 'static>(handler: H) -> MethodRouter<Arc<Shared>> {
    let gate = Gate { needs: Some(Role::Read), path: "none", query: &[] };
    routing::any(handler).layer(from_fn_with_state(gate, permit))
}

/// Who was granted nothing may nothing: a request that nobody has judged is none of anybody.
async fn permit(State(gate): State<Gate>, request: Request, next: Next) -> Response {
    let granted = request.extensions().get::<Granted>().and_then(|granted| granted.0);
    let mut response = match gate.needs {
        Some(needs) if granted.is_none_or(|role| role < needs) => refuse(needs, granted),
        // Probes of all kinds come to what is open, some with a word against caches.
        None => next.run(request).await,
        Some(_) => match known(gate.query, request.uri().query()) {
            Ok(()) => next.run(request).await,
            Err(refusal) => refusal.into_response(),
        },
    };
    response.extensions_mut().insert(Routed(gate.path));
    response
}

/// Whether a route reads all that a query asks for: what nobody reads would be taken for done.
fn known(params: &[Param], query: Option<&str>) -> Result<(), Refusal> {
    for (name, value) in Query::of(query)?.pairs() {
        match params.iter().find(|(known, ..)| *known == name) {
            Some((_, Kind::Word(words), _))
                if !value.is_empty() && !words.iter().any(|word| word.eq_ignore_ascii_case(value)) =>
            {
                let message = format!("{name} wants one of {}, and not {value:?}", words.join(", "));
                return Err(Refusal::bad(message));
            }
            Some(_) => {}
            None if params.is_empty() => {
                return Err(Refusal::bad(format!("this path takes no parameter, and {name:?} was given")));
            }
            None => {
                let names: Vec<_> = params.iter().map(|(name, ..)| *name).collect();
                let names = names.join(", ");
                return Err(Refusal::bad(format!("this path takes {names}, and no parameter {name:?}")));
            }
        }
    }
    Ok(())
}

fn refuse(needs: Role, granted: Option<Role>) -> Response {
    let own = granted.map_or("none", Role::as_str);
    let message = format!("the role {} is needed, and this token has {own}", needs.as_str());
    let mut response = Refusal(StatusCode::FORBIDDEN, message).into_response();
    response.extensions_mut().insert(NeedsMore(needs));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_reads_is_refused_with_what_is_read() {
        let params: &[Param] = &[("limit", Kind::From(1), ""), ("level", Kind::Word(&["warn", "error"]), "")];
        for good in [None, Some(""), Some("limit=x&level=WARN"), Some("level="), Some("%6cimit=1")] {
            assert!(known(params, good).is_ok(), "{good:?}");
        }
        let why = |query| known(params, Some(query)).err().map(|refusal| refusal.1).unwrap_or_default();
        assert_eq!(why("limt=1"), "this path takes limit, level, and no parameter \"limt\"");
        assert_eq!(why("limit=1&level=loud"), "level wants one of warn, error, and not \"loud\"");
        assert!(why("limit=%ff").contains("no text"));
        assert!(known(&[], Some("x")).is_err_and(|refusal| refusal.1.contains("takes no parameter")));
    }
}
