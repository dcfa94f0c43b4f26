package io.sparklora.training;
