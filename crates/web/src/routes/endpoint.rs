//! One route, and everything there is to say about it: the router, the interceptor and the `OpenAPI` document are made
//! from this.

use super::argument::{Access, Arguments, Needs};
use super::deprecation::Deprecation;
use crate::extract::{KeyHeader, OptionalKeyHeader, PASS};
use crate::problem::Kind;
use crate::problem::add_problems;
use crate::taken::Taken;
use actix_web::http::Method;
use actix_web::{FromRequest, Handler, Responder, Route, web};
use frontrow_application::port::Limit;
use frontrow_application::waiting_room::{BookingCall, PassRequired};
use jiff::civil::Date;
use utoipa::IntoParams;
use utoipa::openapi::path::{HttpMethod, Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{Deprecated, RefOr, Required, Schema};

/// The security scheme of access tokens.
pub(crate) const BEARER: &str = "bearer";
/// The security scheme of passes. The header is a parameter, too: otherwise generated clients could not send it.
pub(crate) const PASS_SCHEME: &str = "pass";
/// The security scheme of queue tokens; its header is a parameter, too.
pub(crate) const QUEUE_TOKEN_SCHEME: &str = "queue_token";

/// A method of an address.
pub(crate) struct Endpoint {
    path: String,
    method: Method,
    needs: Needs,
    /// Which call of a buyer it is, if a waiting room may have a say in it.
    call: Option<BookingCall>,
    /// How often it may be asked for, if not as often as one likes.
    limit: Option<Limit>,
    problems: &'static [&'static [Kind]],
    common: &'static [Kind],
    creates: bool,
    polled: bool,
    only_looks: bool,
    deprecation: Option<Deprecation>,
    taken: Taken,
    /// `None` if it is not part of the API: the description itself, and its pages.
    document: Option<Described>,
    route: Box<dyn Fn() -> Route + Send + Sync>,
}

/// What `#[utoipa::path]` made of a handler.
#[derive(Clone)]
pub(crate) struct Described {
    pub methods: Vec<HttpMethod>,
    pub operation: Operation,
    /// Those that the operation refers to, by name.
    pub schemas: Vec<(String, RefOr<Schema>)>,
}

impl Endpoint {
    /// The handler, and what `#[utoipa::path]` says about it: `Endpoint::new(list, __path_list)`.
    pub fn new<H, A, D>(handler: H, _: D) -> Self
    where
        H: Handler<A> + Send + Sync,
        H::Output: Responder + 'static,
        A: Arguments + FromRequest + 'static,
        D: utoipa::Path + utoipa::__dev::SchemaReferences + for<'t> utoipa::__dev::Tags<'t>,
    {
        let methods = D::methods();
        let mut operation = D::operation();
        operation.tags.get_or_insert_default().extend(D::tags().into_iter().map(str::to_owned));
        let mut schemas = Vec::new();
        D::schemas(&mut schemas);
        let mut endpoint = Self::hidden(methods.first().map_or(Method::GET, method), D::path(), handler);
        endpoint.taken = Taken::by(&operation);
        endpoint.document = Some(Described { methods, operation, schemas });
        endpoint
    }

    /// A handler that is not part of the API, and takes neither parameters nor a body.
    pub fn hidden<H, A>(method: Method, path: impl Into<String>, handler: H) -> Self
    where
        H: Handler<A> + Send + Sync,
        H::Output: Responder + 'static,
        A: Arguments + FromRequest + 'static,
    {
        Self {
            path: path.into(),
            method,
            needs: Needs::of::<A>(),
            call: None,
            limit: None,
            problems: &[],
            common: Kind::COMMON,
            creates: false,
            polled: false,
            only_looks: false,
            deprecation: None,
            taken: Taken::default(),
            document: None,
            route: Box::new(move || web::to(handler.clone())),
        }
    }

    /// Which call of a buyer it is: [`BookingCall::pass`] says in which sales it needs a pass. None unless this says so.
    pub fn call(self, call: BookingCall) -> Self {
        Self { call: Some(call), ..self }
    }

    /// It may be asked for only so often, by one account and from one network.
    pub fn limited(self, limit: Limit) -> Self {
        Self { limit: Some(limit), ..self }
    }

    /// What it may refuse besides what follows from its arguments: families of [`Kind`], and single ones.
    pub fn refuses(self, problems: &'static [&'static [Kind]]) -> Self {
        Self { problems, ..self }
    }

    /// What may go wrong with it, where that is less than [`Kind::COMMON`].
    pub fn fails_only_with(self, common: &'static [Kind]) -> Self {
        Self { common, ..self }
    }

    /// It puts something under an id of the client's own, which need not be there yet.
    pub fn creates(self) -> Self {
        Self { creates: true, ..self }
    }

    /// It should not be used any more since that day, and may be gone from the other on: its answers and the document say so.
    #[cfg_attr(not(test), expect(dead_code, reason = "nothing is deprecated yet"))]
    pub fn deprecated(self, since: Date, sunset: Date) -> Self {
        Self { deprecation: Some(Deprecation { since, sunset }), ..self }
    }

    /// People look around with it. When there is too much to do, those whom nobody knows are told to come back.
    pub fn only_looks(self) -> Self {
        Self { only_looks: true, ..self }
    }

    /// Everybody in a queue asks for it all the time: it is neither logged nor counted, and costs no store operation.
    pub fn polled(self) -> Self {
        Self { polled: true, ..self }
    }
}

/// What is made of it.
impl Endpoint {
    pub fn path(&self) -> &str {
        &self.path
    }

    pub fn method(&self) -> &Method {
        &self.method
    }

    /// Whether it answers a request with that method. Whoever asks only for the head of an answer asks as for the answer.
    pub fn answers(&self, method: &Method) -> bool {
        let method = if method == Method::HEAD { &Method::GET } else { method };
        self.method == method
    }

    pub fn booking_call(&self) -> Option<BookingCall> {
        self.call
    }

    pub fn limit(&self) -> Option<Limit> {
        self.limit
    }

    /// Which sales ask for a pass before it.
    pub fn pass(&self) -> PassRequired {
        self.call.map_or(PassRequired::Never, BookingCall::pass)
    }

    /// Since when, and until when; `None` if it stays.
    pub fn deprecation(&self) -> Option<Deprecation> {
        self.deprecation
    }

    pub fn is_polled(&self) -> bool {
        self.polled
    }

    pub fn is_only_for_looking(&self) -> bool {
        self.only_looks
    }

    pub fn is_described(&self) -> bool {
        self.document.is_some()
    }

    pub fn taken(&self) -> &Taken {
        &self.taken
    }

    /// For one worker's router.
    pub fn route(&self) -> Route {
        (self.route)()
    }

    /// Its whole description: what its handler says, and what follows from that.
    pub fn described(&self) -> Option<Described> {
        let mut described = self.document.clone()?;
        let operation = &mut described.operation;
        operation.security = self.security();
        if let (true, Some(RefOr::T(body))) = (self.needs.body_is_optional, &mut operation.request_body) {
            body.required = Some(Required::False);
        }
        if self.deprecation.is_some() {
            operation.deprecated = Some(Deprecated::True);
        }
        let key = self.needs.key.then(|| KeyHeader::into_params(|| None)).into_iter().flatten();
        let optional = self.needs.key_is_optional.then(|| OptionalKeyHeader::into_params(|| None));
        let parameters = key.chain(optional.into_iter().flatten()).chain(pass_header(self.pass())).map(RefOr::T);
        for parameter in parameters {
            operation.parameters.get_or_insert_default().push(parameter);
        }
        add_problems(&self.kinds(), operation);
        Some(described)
    }

    /// What a request has to prove, in one of these ways; `None` if nothing.
    fn security(&self) -> Option<Vec<SecurityRequirement>> {
        let bearer = (self.needs.access != Access::Anybody).then_some(BEARER);
        let own: Vec<&str> = bearer.into_iter().chain(self.needs.queue_token.then_some(QUEUE_TOKEN_SCHEME)).collect();
        let proof = |schemes: &[&str]| {
            let add = |proof: SecurityRequirement, scheme: &&str| proof.add(*scheme, [""; 0]);
            schemes.iter().fold(SecurityRequirement::default(), add)
        };
        let mut ways = vec![proof(&own)];
        if self.pass() != PassRequired::Never {
            // A pass is good only with its holder's access token.
            ways.push(proof(&[BEARER, PASS_SCHEME]));
        }
        (ways.len() > 1 || !own.is_empty()).then_some(ways)
    }

    /// Every problem that it may answer with: its own, and what follows from what it takes and from who may ask.
    pub fn kinds(&self) -> Vec<Kind> {
        let has_path = self.path.contains('{');
        let implied: [(bool, &[Kind]); 10] = [
            // What is not taken is refused everywhere.
            (true, &[Kind::InvalidInput]),
            (self.taken.has_body(), Kind::BODY),
            (self.needs.key, Kind::KEY),
            (self.needs.key_is_optional, Kind::OPTIONAL_KEY),
            (self.needs.access != Access::Anybody, &[Kind::AccessToken]),
            (self.needs.access == Access::Operators, &[Kind::NotAnOperator]),
            (self.pass() != PassRequired::Never, Kind::PASS),
            (self.limit.is_some(), &[Kind::TooManyRequests]),
            (has_path && !self.creates, &[Kind::NotFound]),
            // Whatever writes may not hear from its database whether it has.
            (self.method != Method::GET, &[Kind::UnknownOutcome]),
        ];
        let implied = implied.into_iter().filter(|(is, _)| *is).flat_map(|(_, kinds)| kinds);
        implied.chain(self.problems.iter().copied().flatten()).chain(self.common).copied().collect()
    }
}

fn method(method: &HttpMethod) -> Method {
    match method {
        HttpMethod::Get => Method::GET,
        HttpMethod::Post => Method::POST,
        HttpMethod::Put => Method::PUT,
        HttpMethod::Delete => Method::DELETE,
        HttpMethod::Options => Method::OPTIONS,
        HttpMethod::Head => Method::HEAD,
        HttpMethod::Patch => Method::PATCH,
        HttpMethod::Trace => Method::TRACE,
    }
}

fn pass_header(pass: PassRequired) -> Option<Parameter> {
    let when = match pass {
        PassRequired::Never => return None,
        PassRequired::WaitingRoom => "Needed if the sale has a waiting room",
        PassRequired::StrictReservation | PassRequired::Strict => "Needed if the sale's waiting room is strict",
    };
    let header = ParameterBuilder::new()
        .name(PASS)
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(format!("{when}: from `POST /v1/sales/{{id}}/admission`.")))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String)));
    Some(header.build())
}
