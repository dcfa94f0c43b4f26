package io.sparklora.pipeline;
