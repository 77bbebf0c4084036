//! Groups of artifacts whose archives do not say them: they are built with Gradle or Ant, which leave no
//! `pom.properties`, or say something else in their manifests. From what Maven Central has of each.

/// Artifacts by their whole names.
const EXACT: [(&str, &str); 57] = [
    ("antlr", "antlr"),
    ("asm", "org.ow2.asm"),
    ("bsh", "org.beanshell"),
    ("caffeine", "com.github.ben-manes.caffeine"),
    ("cglib", "cglib"),
    ("commons-beanutils", "commons-beanutils"),
    ("commons-cli", "commons-cli"),
    ("commons-codec", "commons-codec"),
    ("commons-collections", "commons-collections"),
    ("commons-configuration", "commons-configuration"),
    ("commons-daemon", "commons-daemon"),
    ("commons-dbcp", "commons-dbcp"),
    ("commons-digester", "commons-digester"),
    ("commons-fileupload", "commons-fileupload"),
    ("commons-httpclient", "commons-httpclient"),
    ("commons-io", "commons-io"),
    ("commons-lang", "commons-lang"),
    ("commons-logging", "commons-logging"),
    ("commons-net", "commons-net"),
    ("commons-pool", "commons-pool"),
    ("commons-validator", "commons-validator"),
    ("conscrypt-openjdk-uber", "org.conscrypt"),
    ("ecj", "org.eclipse.jdt.core.compiler"),
    ("gson", "com.google.code.gson"),
    ("guava", "com.google.guava"),
    ("h2", "com.h2database"),
    ("hsqldb", "org.hsqldb"),
    ("httpclient", "org.apache.httpcomponents"),
    ("httpcore", "org.apache.httpcomponents"),
    ("jcl-over-slf4j", "org.slf4j"),
    ("jna", "net.java.dev.jna"),
    ("jna-platform", "net.java.dev.jna"),
    ("json", "org.json"),
    ("json-simple", "com.googlecode.json-simple"),
    ("json-smart", "net.minidev"),
    ("jul-to-slf4j", "org.slf4j"),
    ("kafka-clients", "org.apache.kafka"),
    ("kafka-streams", "org.apache.kafka"),
    ("log4j", "log4j"),
    ("log4j-over-slf4j", "org.slf4j"),
    ("logging-interceptor", "com.squareup.okhttp3"),
    ("lz4-java", "org.lz4"),
    ("mysql-connector-j", "com.mysql"),
    ("mysql-connector-java", "mysql"),
    ("okio", "com.squareup.okio"),
    ("okio-jvm", "com.squareup.okio"),
    ("postgresql", "org.postgresql"),
    ("quartz", "org.quartz-scheduler"),
    ("reactive-streams", "org.reactivestreams"),
    ("reactor-core", "io.projectreactor"),
    ("serializer", "xalan"),
    ("slf4j-api", "org.slf4j"),
    ("snakeyaml", "org.yaml"),
    ("undertow-core", "io.undertow"),
    ("velocity", "org.apache.velocity"),
    ("xalan", "xalan"),
    ("xercesImpl", "xerces"),
];

/// Artifacts by how their names begin; a longer beginning stands before those it begins with.
const BEGINNINGS: [(&str, &str); 39] = [
    ("asm-", "org.ow2.asm"),
    ("bcpkix-", "org.bouncycastle"),
    ("bcprov-", "org.bouncycastle"),
    ("bctls-", "org.bouncycastle"),
    ("bcutil-", "org.bouncycastle"),
    ("cassandra-driver-", "com.datastax.cassandra"),
    ("commons-", "org.apache.commons"),
    ("elasticsearch", "org.elasticsearch"),
    ("grpc-", "io.grpc"),
    ("kotlin-", "org.jetbrains.kotlin"),
    ("kotlinx-coroutines-", "org.jetbrains.kotlinx"),
    ("logback-", "ch.qos.logback"),
    ("lucene-", "org.apache.lucene"),
    ("micrometer-", "io.micrometer"),
    ("netty-tcnative-", "io.netty"),
    ("netty-", "io.netty"),
    ("okhttp", "com.squareup.okhttp3"),
    ("opentelemetry-javaagent", "io.opentelemetry.javaagent"),
    ("opentelemetry-", "io.opentelemetry"),
    ("reactor-netty", "io.projectreactor.netty"),
    ("slf4j-", "org.slf4j"),
    ("solr-", "org.apache.solr"),
    ("spring-amqp", "org.springframework.amqp"),
    ("spring-batch-", "org.springframework.batch"),
    ("spring-boot", "org.springframework.boot"),
    ("spring-cloud-", "org.springframework.cloud"),
    ("spring-data-", "org.springframework.data"),
    ("spring-graphql", "org.springframework.graphql"),
    ("spring-hateoas", "org.springframework.hateoas"),
    ("spring-integration-", "org.springframework.integration"),
    ("spring-kafka", "org.springframework.kafka"),
    ("spring-ldap-", "org.springframework.ldap"),
    ("spring-plugin-", "org.springframework.plugin"),
    ("spring-rabbit", "org.springframework.amqp"),
    ("spring-retry", "org.springframework.retry"),
    ("spring-security-", "org.springframework.security"),
    ("spring-session-", "org.springframework.session"),
    ("spring-ws-", "org.springframework.ws"),
    ("spring-", "org.springframework"),
];

/// Artifacts whose group is another from a release on: the group before, the first number of that
/// release, the group since.
const MOVED: [(&str, &str, u32, &str); 5] = [
    ("dom4j", "dom4j", 2, "org.dom4j"),
    ("groovy", "org.codehaus.groovy", 4, "org.apache.groovy"),
    ("groovy-all", "org.codehaus.groovy", 4, "org.apache.groovy"),
    ("hibernate-core", "org.hibernate", 6, "org.hibernate.orm"),
    ("rxjava", "io.reactivex.rxjava2", 3, "io.reactivex.rxjava3"),
];

/// The group of an artifact, if it is one of those here.
pub(super) fn known_group(artifact: &str, version: &str) -> Option<&'static str> {
    let number = version.split('.').next().and_then(|number| number.parse().ok());
    let moved = || {
        let (_, before, first, since) = *MOVED.iter().find(|(name, ..)| *name == artifact)?;
        Some(if number.is_some_and(|number: u32| number >= first) { since } else { before })
    };
    let exact = EXACT.iter().find(|(name, _)| *name == artifact).map(|(_, group)| *group);
    let begins = || BEGINNINGS.iter().find(|(beginning, _)| artifact.starts_with(beginning));
    exact.or_else(moved).or_else(|| begins().map(|(_, group)| *group))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_found() {
        for (artifact, version, group) in [
            ("spring-core", "5.3.4", Some("org.springframework")),
            ("spring-boot-loader", "2.5.0", Some("org.springframework.boot")),
            ("spring-security-web", "5.7.0", Some("org.springframework.security")),
            ("commons-collections", "3.2.1", Some("commons-collections")),
            ("commons-collections4", "4.0", Some("org.apache.commons")),
            ("hibernate-core", "5.6.0.Final", Some("org.hibernate")),
            ("hibernate-core", "6.1.0.Final", Some("org.hibernate.orm")),
            ("opentelemetry-javaagent", "1.2.0", Some("io.opentelemetry.javaagent")),
            ("acme", "1", None),
        ] {
            assert_eq!(known_group(artifact, version), group, "{artifact}");
        }
    }

    #[test]
    fn every_beginning_can_be_found() {
        for (index, (beginning, _)) in BEGINNINGS.iter().enumerate() {
            let hidden =
                BEGINNINGS.iter().take(index).find(|(other, _)| beginning.starts_with(other));
            assert_eq!(hidden, None, "{beginning}");
        }
    }
}
